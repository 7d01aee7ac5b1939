"""What a delivery takes for itself is told from what its jobs take."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE run_statistics ADD COLUMN recent_deliveries double precision NOT NULL DEFAULT 0,
            ADD COLUMN recent_jobs_squared double precision NOT NULL DEFAULT 0,
            ADD COLUMN recent_jobs_seconds double precision NOT NULL DEFAULT 0
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE run_statistics DROP COLUMN recent_deliveries, DROP COLUMN recent_jobs_squared,
            DROP COLUMN recent_jobs_seconds
    """)
