"""A delivery's id is known to be its own: without that the planner reads the whole outbox to write down a few fates."""

from storage.migrations.wall import roles

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    roles().run("drop index delivery_id; create unique index delivery_id on delivery (id)")


def downgrade() -> None:
    roles().run("drop index delivery_id; create index delivery_id on delivery (id)")
