"""Files people sent, and files that go to them: where each is kept, or why it is not."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
