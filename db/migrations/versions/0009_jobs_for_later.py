"""Jobs that wait for a time, and jobs of which one at a time waits or runs."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE jobs ADD run_at timestamptz, ADD unique_key text")
    op.execute(
        """CREATE UNIQUE INDEX jobs_unique_key_idx ON open_jobs (organization_id, kind, unique_key)
        WHERE unique_key IS NOT NULL AND status IN ('PENDING', 'PROCESSING')"""
    )


def downgrade() -> None:
    op.execute("DROP INDEX jobs_unique_key_idx")
    op.execute("ALTER TABLE jobs DROP run_at, DROP unique_key")
