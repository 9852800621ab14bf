"""The case store: every ticket as its stores should know it, and the local one."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
