"""Events: what changed, numbered for each organization that has asked to be told, and kept by weeks."""

from alembic import op

revision = "0006"
down_revision = "0005"

MAKE_WEEK = """CREATE FUNCTION make_week(parent text, monday date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF parent NOT IN ('completed_jobs', 'events') THEN
        RAISE EXCEPTION '% is not kept by weeks', parent;
    END IF;
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
        parent || to_char(monday, '_YYYY_MM_DD'), parent, monday, monday + 7);
END $$"""
DROP_WEEK = """CREATE FUNCTION drop_week(parent text, monday date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    partition text := parent || to_char(monday, '_YYYY_MM_DD');
BEGIN
    IF parent NOT IN ('completed_jobs', 'events') THEN
        RAISE EXCEPTION '% is not kept by weeks', parent;
    END IF;
    IF monday + 7 > clock_timestamp() THEN
        RAISE EXCEPTION 'the week of % is not over', monday USING ERRCODE = 'restrict_violation';
    END IF;
    IF parent = 'completed_jobs' THEN
        EXECUTE format(
            'DELETE FROM job_attempts WHERE job_id BETWEEN (SELECT min(id) FROM %1$I) AND (SELECT max(id) FROM %1$I)
             AND EXISTS (SELECT FROM %1$I WHERE id = job_id OFFSET 0)', partition);
    END IF;
    EXECUTE format('DROP TABLE %I', partition);
END $$"""
# What runs as the owner looks for its tables where the owner has put them, whatever its caller has put in the way.
CONFINE = """DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION make_week(text, date) SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION drop_week(text, date) SET search_path = %I, pg_temp', current_schema());
END $$"""
# Whoever ends a job, and whichever way, tells of it: a worker, a sweep, a caller. What the events themselves need is
# left out, or one would cause the next. A completed job's row moves on instead, and whoever completes it tells.
TELL_OF_JOB = """CREATE FUNCTION tell_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pending_events (organization_id, type, data)
    SELECT organization_id, CASE
            WHEN NEW.status = 'CANCELLED' THEN 'job.cancelled'
            WHEN NEW.kind IN ('invoice.generate', 'invoice.credit') THEN 'invoice_request.failed'
            ELSE 'job.failed' END,
        jsonb_strip_nulls(jsonb_build_object('jobId', NEW.id, 'kind', NEW.kind, 'error', NEW.error))
    FROM event_streams WHERE organization_id = NEW.organization_id;
    RETURN NULL;
END $$"""
UP = (
    # The organizations that have asked for events; the others have no row, and pay nothing.
    """CREATE TABLE event_streams (
        organization_id bigint PRIMARY KEY REFERENCES organizations,
        last_sequence bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 10)""",
    # Told in the transaction of the change, and here until they have their numbers.
    """CREATE TABLE pending_events (
        organization_id bigint NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        type text NOT NULL,
        data jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (organization_id, id)
    ) WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.05)""",
    # By weeks of when they got their numbers, so that what goes with a week is a run of them.
    """CREATE TABLE events (
        organization_id bigint NOT NULL,
        sequence bigint NOT NULL,
        id uuid NOT NULL,
        type text NOT NULL,
        data jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        sequenced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (organization_id, sequence, sequenced_at)
    ) PARTITION BY RANGE (sequenced_at)""",
    "CREATE TABLE events_rest PARTITION OF events DEFAULT",
    "DROP FUNCTION make_week(date)",
    "DROP FUNCTION drop_week(date)",
    MAKE_WEEK,
    DROP_WEEK,
    CONFINE,
    "REVOKE EXECUTE ON FUNCTION make_week(text, date), drop_week(text, date) FROM PUBLIC",
    """SELECT make_week('events', CAST(week AS date)) FROM generate_series(
        date_trunc('week', clock_timestamp()), clock_timestamp() + interval '14 days', interval '7 days') AS week""",
    TELL_OF_JOB,
    """CREATE TRIGGER tell_of_job AFTER UPDATE OF status ON open_jobs FOR EACH ROW
        WHEN (NEW.status IN ('FAILED', 'CANCELLED') AND NEW.kind NOT IN ('events.sequence', 'webhook.deliver'))
        EXECUTE FUNCTION tell_of_job()""",
)
OLD_WEEKS = (
    "DROP FUNCTION make_week(text, date)",
    "DROP FUNCTION drop_week(text, date)",
    MAKE_WEEK.replace("parent text, ", "").replace(
        "$$\nBEGIN", "$$\nDECLARE\n    parent text := 'completed_jobs';\nBEGIN", 1
    ),
    DROP_WEEK.replace("parent text, ", "").replace("DECLARE\n", "DECLARE\n    parent text := 'completed_jobs';\n", 1),
    CONFINE.replace("text, date", "date"),
    "REVOKE EXECUTE ON FUNCTION make_week(date), drop_week(date) FROM PUBLIC",
)
DOWN = (
    "DROP TRIGGER tell_of_job ON open_jobs",
    "DROP FUNCTION tell_of_job",
    "DROP TABLE events",
    "DROP TABLE pending_events",
    "DROP TABLE event_streams",
    *OLD_WEEKS,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
