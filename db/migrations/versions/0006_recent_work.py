"""What a job costs is measured by sums, so that a delivery of one job counts as one."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE run_statistics DROP COLUMN recent_cost,
            ADD COLUMN recent_jobs double precision NOT NULL DEFAULT 0,
            ADD COLUMN recent_seconds double precision NOT NULL DEFAULT 0
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE run_statistics DROP COLUMN recent_jobs, DROP COLUMN recent_seconds,
            ADD COLUMN recent_cost double precision NOT NULL DEFAULT 0
    """)
