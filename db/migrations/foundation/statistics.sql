-- Figures of what workers have done, how long jobs waited, and what was refused.
CREATE TABLE run_statistics (
    kind text NOT NULL,
    worker text NOT NULL,
    completed bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    wait_seconds double precision NOT NULL DEFAULT 0,
    run_seconds double precision NOT NULL DEFAULT 0,
    recent_runs double precision NOT NULL DEFAULT 0,
    recent_jobs double precision NOT NULL DEFAULT 0,
    recent_seconds double precision NOT NULL DEFAULT 0,
    recent_jobs_squared double precision NOT NULL DEFAULT 0,
    recent_jobs_seconds double precision NOT NULL DEFAULT 0,
    wait_counts bigint[] NOT NULL,
    run_counts bigint[] NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, worker)
) WITH (fillfactor = 50);

-- Each run writes it, so each page has room for the next versions of its rows. It has no foreign key: a new row would
-- lock its organization, and after a week it is deleted.
CREATE TABLE wait_statistics (
    hour timestamptz NOT NULL,
    worker text NOT NULL,
    lane text NOT NULL,
    organization_id bigint NOT NULL,
    wait_counts integer[] NOT NULL,
    PRIMARY KEY (hour, worker, lane, organization_id)
) WITH (fillfactor = 30);

CREATE TABLE incidents (
    name text PRIMARY KEY,
    count bigint NOT NULL,
    last_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
