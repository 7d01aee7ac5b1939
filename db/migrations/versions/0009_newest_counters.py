"""The newest version of a counter is found without those before it, which stay while somebody holds a snapshot.

It has the highest number. To be unique by supplier and code, each new version would be held against all the older ones;
so only a counter that was never used is, and the invoices' own numbers are unique.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("LOCK TABLE number_series")  # first, or it waits for those who wait for it
    op.execute("CREATE INDEX number_series_newest_idx ON number_series (supplier_id, code, last_number)")
    op.execute("CREATE UNIQUE INDEX number_series_new_key ON number_series (supplier_id, code) WHERE last_number = 0")
    op.execute("ALTER TABLE number_series DROP CONSTRAINT number_series_pkey, RESET (fillfactor)")
    # A publication of all tables stops whoever changes one whose rows it cannot tell apart.
    for table in ("number_series", "completed_jobs_rest"):
        op.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL")


def downgrade() -> None:
    op.execute("LOCK TABLE number_series")
    op.execute("DROP INDEX number_series_newest_idx, number_series_new_key")
    op.execute("ALTER TABLE number_series ADD PRIMARY KEY (supplier_id, code), SET (fillfactor = 50)")
    for table in ("number_series", "completed_jobs_rest"):
        op.execute(f"ALTER TABLE {table} REPLICA IDENTITY DEFAULT")
