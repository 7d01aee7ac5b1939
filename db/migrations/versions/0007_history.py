"""Completed jobs leave the hot table: `jobs` is what is open, and a partition a week of what was completed.

A job moves there as its status changes. Rows of a partitioned table cannot be referred to by their id alone, so the
outbox and the attempts no longer do; the sweep mends what refers to nothing.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

UP = (
    "ALTER TABLE outbox DROP CONSTRAINT outbox_job_id_fkey",
    "ALTER TABLE job_attempts DROP CONSTRAINT job_attempts_job_id_fkey",
    "CREATE SEQUENCE jobs_ids",
    "SELECT setval('jobs_ids', last_value, is_called) FROM jobs_id_seq",
    "ALTER TABLE jobs ALTER COLUMN id DROP IDENTITY, ALTER COLUMN id SET DEFAULT nextval('jobs_ids')",
    "ALTER TABLE jobs RENAME TO open_jobs",
    "DROP INDEX jobs_pending_idx",
    "ALTER INDEX jobs_pkey RENAME TO open_jobs_pkey",
    "ALTER INDEX jobs_organization_idx RENAME TO open_jobs_organization_idx",
    "CREATE TABLE jobs (LIKE open_jobs INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY LIST (status)",
    """
    CREATE TABLE completed_jobs (LIKE open_jobs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
    PARTITION BY RANGE (completed_at)
    """,
    "CREATE INDEX completed_jobs_id_idx ON completed_jobs (id)",
    "CREATE INDEX completed_jobs_organization_idx ON completed_jobs (organization_id, id)",
    "CREATE INDEX completed_jobs_completed_at_idx ON completed_jobs (completed_at)",
    # What was completed in a week that nobody made a partition for. A new week reads all of it: so it is to be empty.
    "CREATE TABLE completed_jobs_rest PARTITION OF completed_jobs DEFAULT",
    """
    DO $$
    DECLARE
        monday date;
    BEGIN
        FOR monday IN
            SELECT week FROM generate_series(
                date_trunc('week', clock_timestamp()) - interval '52 weeks',
                clock_timestamp() + interval '14 days', interval '7 days') AS week
            WHERE week + interval '7 days' > least(clock_timestamp(), (SELECT min(completed_at) FROM open_jobs
                                                                       WHERE status = 'COMPLETED'))
        LOOP
            EXECUTE format(
                'CREATE TABLE completed_jobs_%s PARTITION OF completed_jobs FOR VALUES FROM (%L) TO (%L)',
                to_char(monday, 'YYYY_MM_DD'), monday, monday + 7);
        END LOOP;
    END $$
    """,
    """
    WITH moved AS (DELETE FROM open_jobs WHERE status = 'COMPLETED' RETURNING *)
    INSERT INTO completed_jobs SELECT * FROM moved
    """,
    "ALTER TABLE jobs ATTACH PARTITION open_jobs FOR VALUES IN ('PENDING', 'PROCESSING', 'FAILED', 'CANCELLED')",
    "ALTER TABLE jobs ATTACH PARTITION completed_jobs FOR VALUES IN ('COMPLETED')",
    "ALTER SEQUENCE jobs_ids OWNED BY jobs.id",
    "ALTER TABLE relay_state ADD COLUMN mended_to bigint NOT NULL DEFAULT 0",
    # What is out is what was published lately: so no look passes over what was published before, and is deleted.
    "DROP INDEX outbox_published_idx",
    "CREATE INDEX outbox_published_idx ON outbox (due_at) WHERE published_at IS NOT NULL",
    # With millions waiting, a vacuum at every few thousand dead rows would never end.
    "ALTER TABLE open_jobs SET (autovacuum_vacuum_scale_factor = 0.05)",
    "ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.05)",
)

DOWN = (
    "DROP INDEX outbox_published_idx",
    "CREATE INDEX outbox_published_idx ON outbox (lane) WHERE published_at IS NOT NULL",
    "ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0)",
    "ALTER TABLE relay_state DROP COLUMN mended_to",
    "ALTER SEQUENCE jobs_ids OWNED BY NONE",
    "ALTER TABLE jobs DETACH PARTITION open_jobs",
    "INSERT INTO open_jobs SELECT * FROM completed_jobs",
    "DROP TABLE jobs",
    "ALTER INDEX open_jobs_pkey RENAME TO jobs_pkey",
    "ALTER INDEX open_jobs_organization_idx RENAME TO jobs_organization_idx",
    "CREATE INDEX jobs_pending_idx ON open_jobs (id) WHERE status = 'PENDING'",
    "ALTER TABLE open_jobs RENAME TO jobs",
    "ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02)",
    "ALTER TABLE jobs ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
    "SELECT setval('jobs_id_seq', last_value, is_called) FROM jobs_ids",
    "DROP SEQUENCE jobs_ids",
    "DELETE FROM job_attempts WHERE NOT EXISTS (SELECT FROM jobs WHERE id = job_id)",
    "ALTER TABLE job_attempts ADD CONSTRAINT job_attempts_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs"
    " ON DELETE CASCADE",
    "DELETE FROM outbox WHERE NOT EXISTS (SELECT FROM jobs WHERE id = job_id)",
    "ALTER TABLE outbox ADD CONSTRAINT outbox_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
