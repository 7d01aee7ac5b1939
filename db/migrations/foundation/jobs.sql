-- Jobs. An open job stands in open_jobs; a completed one in the partition of the week in which it was completed, to
-- which its row moves as its status changes. No table refers to a job by a foreign key: the id of a partitioned table is
-- not unique by itself.
CREATE SEQUENCE jobs_ids;

CREATE TABLE jobs (
    id bigint NOT NULL DEFAULT nextval('jobs_ids'),
    organization_id bigint NOT NULL,
    kind text NOT NULL,
    lane text NOT NULL CHECK (lane IN ('urgent', 'default', 'io')),
    priority integer NOT NULL DEFAULT 1,
    group_key text NOT NULL DEFAULT '',
    payload jsonb NOT NULL,
    payload_version smallint NOT NULL DEFAULT 1,
    progress integer NOT NULL DEFAULT 0,
    total integer NOT NULL DEFAULT 1,
    status text NOT NULL DEFAULT 'PENDING',
    attempts smallint NOT NULL DEFAULT 0,
    max_attempts smallint NOT NULL CHECK (max_attempts >= 1),
    hand_backs smallint NOT NULL DEFAULT 0,
    available_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_token uuid,
    lease_expires_at timestamptz,
    worker text,
    cancel_requested boolean NOT NULL DEFAULT false,
    error text,
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    completed_at timestamptz,
    CONSTRAINT jobs_status_check CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    CONSTRAINT jobs_attempts_check CHECK (attempts BETWEEN 0 AND max_attempts),
    CONSTRAINT jobs_progress_check CHECK (progress BETWEEN 0 AND total),
    CONSTRAINT jobs_lease_check CHECK (
        (status = 'PROCESSING') = (lease_token IS NOT NULL AND lease_expires_at IS NOT NULL)),
    CONSTRAINT jobs_completed_at_check CHECK (
        (status IN ('COMPLETED', 'FAILED', 'CANCELLED')) = (completed_at IS NOT NULL)),
    CONSTRAINT jobs_error_check CHECK (status <> 'FAILED' OR error IS NOT NULL)
) PARTITION BY LIST (status);

ALTER SEQUENCE jobs_ids OWNED BY jobs.id;

-- With millions of jobs waiting, a vacuum after every few thousand dead rows would never end.
CREATE TABLE open_jobs PARTITION OF jobs (
    PRIMARY KEY (id),
    CONSTRAINT jobs_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations
) FOR VALUES IN ('PENDING', 'PROCESSING', 'FAILED', 'CANCELLED')
WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX open_jobs_organization_idx ON open_jobs (organization_id, id);

CREATE INDEX jobs_lease_idx ON open_jobs (lease_expires_at) WHERE lease_expires_at IS NOT NULL;

CREATE INDEX jobs_completed_at_idx ON open_jobs (completed_at) WHERE completed_at IS NOT NULL;

CREATE INDEX jobs_failed_idx ON open_jobs (organization_id, id) WHERE status = 'FAILED';

CREATE TABLE completed_jobs PARTITION OF jobs FOR VALUES IN ('COMPLETED') PARTITION BY RANGE (completed_at);

CREATE INDEX completed_jobs_id_idx ON completed_jobs (id);

CREATE INDEX completed_jobs_organization_idx ON completed_jobs (organization_id, id);

CREATE INDEX completed_jobs_completed_at_idx ON completed_jobs (completed_at);

-- Holds the jobs completed in a week for which nobody made a partition. PostgreSQL reads all of it to make a new week.
CREATE TABLE completed_jobs_rest PARTITION OF completed_jobs DEFAULT;

-- A publication of all tables refuses changes of a table whose rows it cannot tell apart.
ALTER TABLE completed_jobs_rest REPLICA IDENTITY FULL;

-- The parts own no table, so that none of them can drop one. A week is made and dropped as its owner would, and nothing
-- else is.
CREATE FUNCTION make_week(monday date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS completed_jobs_%s PARTITION OF completed_jobs FOR VALUES FROM (%L) TO (%L)',
        to_char(monday, 'YYYY_MM_DD'), monday, monday + 7);
END $$;

CREATE FUNCTION drop_week(monday date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    partition text := 'completed_jobs_' || to_char(monday, 'YYYY_MM_DD');
BEGIN
    IF monday + 7 > clock_timestamp() THEN
        RAISE EXCEPTION 'the week of % is not over', monday USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE format(
        'DELETE FROM job_attempts WHERE job_id BETWEEN (SELECT min(id) FROM %1$I) AND (SELECT max(id) FROM %1$I)
         AND EXISTS (SELECT FROM %1$I WHERE id = job_id OFFSET 0)', partition);
    EXECUTE format('DROP TABLE %I', partition);
END $$;

-- What runs as the owner looks for its tables where the owner has put them, whatever its caller has put in the way.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION make_week(date) SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION drop_week(date) SET search_path = %I, pg_temp', current_schema());
END $$;

REVOKE EXECUTE ON FUNCTION make_week(date), drop_week(date) FROM PUBLIC;

SELECT make_week(CAST(week AS date)) FROM generate_series(
    date_trunc('week', clock_timestamp()), clock_timestamp() + interval '14 days', interval '7 days') AS week;

CREATE TABLE job_attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id bigint NOT NULL,
    attempt smallint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('retried', 'failed', 'swept')),
    worker text,
    error text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX job_attempts_job_idx ON job_attempts (job_id, id);
