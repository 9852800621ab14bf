"""Of how many requests a delivery is made: news of one of several does not say what became of the others."""

from storage.migrations.wall import roles

revision = "0010"
down_revision = "0009"

_TOLD = "drop index delivery_told; create index delivery_told on delivery (address_id, sent_at) where state in "


def upgrade() -> None:
    at = roles()
    at.run("alter table delivery add column parts int")  # null: not begun yet
    at.run(f"{_TOLD} ('sending', 'sent', 'delivered', 'unknown')")


def downgrade() -> None:
    at = roles()
    at.run(f"{_TOLD} ('sent', 'delivered', 'unknown')")
    at.run("alter table delivery drop column parts")
