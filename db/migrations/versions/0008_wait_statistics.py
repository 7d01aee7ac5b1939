"""How long the jobs of each organization and lane waited, by the hour."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Written with every delivery, so there is room beside each row for its next versions. No foreign key: it would
    # lock the organization at each new row, and a row goes after a week anyhow.
    op.execute("""
        CREATE TABLE wait_statistics (
            hour timestamptz NOT NULL,
            worker text NOT NULL,
            lane text NOT NULL,
            organization_id bigint NOT NULL,
            wait_counts integer[] NOT NULL,
            PRIMARY KEY (hour, worker, lane, organization_id)
        ) WITH (fillfactor = 30)
        """)


def downgrade() -> None:
    op.execute("DROP TABLE wait_statistics")
