"""Progress, cancelling and the history of attempts; turns among organizations; pauses and run statistics."""

from alembic import op

revision = "0002"
down_revision = "0001"

UP = (
    """
    ALTER TABLE organizations
        ADD COLUMN weight smallint NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 100),
        ADD COLUMN max_running integer CHECK (max_running >= 1)
    """,
    "ALTER TABLE api_keys ADD COLUMN operator boolean NOT NULL DEFAULT false",
    """
    ALTER TABLE jobs
        ADD COLUMN payload_version smallint NOT NULL DEFAULT 1,
        ADD COLUMN progress integer NOT NULL DEFAULT 1,
        ADD COLUMN total integer NOT NULL DEFAULT 1,
        ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false,
        ADD COLUMN worker text,
        ADD CONSTRAINT jobs_progress_check CHECK (progress BETWEEN 0 AND total)
    """,
    # What is finished needs no new row for it: history may be long.
    "ALTER TABLE jobs ALTER COLUMN progress SET DEFAULT 0",
    "UPDATE jobs SET progress = 0 WHERE status <> 'COMPLETED'",
    "CREATE INDEX jobs_failed_idx ON jobs (organization_id, id) WHERE status = 'FAILED'",
    """
    CREATE TABLE job_attempts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
        attempt smallint NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('retried', 'failed', 'swept')),
        worker text,
        error text NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX job_attempts_job_idx ON job_attempts (job_id, id)",
    "ALTER TABLE outbox ADD COLUMN organization_id bigint",
    "UPDATE outbox SET organization_id = jobs.organization_id FROM jobs WHERE jobs.id = job_id",
    "ALTER TABLE outbox ALTER COLUMN organization_id SET NOT NULL",
    "DROP INDEX outbox_due_idx",
    "CREATE INDEX outbox_turn_idx ON outbox (lane, priority, organization_id, kind, due_at, job_id)",
    """
    CREATE TABLE pauses (
        what text NOT NULL CHECK (what IN ('lane', 'kind')),
        name text NOT NULL,
        since timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (what, name)
    )
    """,
    """
    CREATE TABLE run_statistics (
        kind text NOT NULL,
        worker text NOT NULL,
        completed bigint NOT NULL DEFAULT 0,
        failed bigint NOT NULL DEFAULT 0,
        wait_seconds double precision NOT NULL DEFAULT 0,
        run_seconds double precision NOT NULL DEFAULT 0,
        recent_cost double precision NOT NULL DEFAULT 0,
        wait_counts bigint[] NOT NULL,
        run_counts bigint[] NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (kind, worker)
    ) WITH (fillfactor = 50)
    """,
)

DOWN = (
    "DROP TABLE run_statistics",
    "DROP TABLE pauses",
    "DROP INDEX outbox_turn_idx",
    "ALTER TABLE outbox DROP COLUMN organization_id",
    "CREATE INDEX outbox_due_idx ON outbox (lane, priority DESC, due_at, job_id)",
    "DROP TABLE job_attempts",
    "DROP INDEX jobs_failed_idx",
    """
    ALTER TABLE jobs DROP CONSTRAINT jobs_progress_check, DROP COLUMN worker, DROP COLUMN cancel_requested,
        DROP COLUMN total, DROP COLUMN progress, DROP COLUMN payload_version
    """,
    "ALTER TABLE api_keys DROP COLUMN operator",
    "ALTER TABLE organizations DROP COLUMN max_running, DROP COLUMN weight",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
