"""A group that failed goes on in smaller ones, not job by job at once."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN company integer NOT NULL DEFAULT 1")


def downgrade() -> None:
    op.execute("ALTER TABLE outbox DROP COLUMN company")
