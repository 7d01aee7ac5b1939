-- fail: PROCESSING -> FAILED
-- CASE hides how few jobs are held, for which the planner would read them all, once for each that is asked for.
WITH job AS (
    UPDATE jobs
    SET status = 'FAILED', error = failed.error, lease_token = NULL, lease_expires_at = NULL,
        completed_at = clock_timestamp()
    FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(errors)b AS text[])) AS failed (id, error)
    WHERE jobs.id = failed.id AND CASE WHEN lease_token = %(token)s THEN status = 'PROCESSING' END
    RETURNING jobs.id, attempts, worker, failed.error, started_at
)
INSERT INTO job_attempts (job_id, attempt, outcome, worker, error, started_at)
SELECT id, attempts, 'failed', worker, error, started_at FROM job
RETURNING job_id
