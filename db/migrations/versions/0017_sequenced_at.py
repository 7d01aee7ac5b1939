"""When an organization's events were last numbered, so that a rush of them is numbered in large groups."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("ALTER TABLE event_streams ADD sequenced_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE event_streams DROP sequenced_at")
