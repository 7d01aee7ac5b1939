-- Add a run to the statistics of its kind, and its waits to those of this hour, its lane and their organizations.
-- Each worker has rows of its own, so that none waits for another. The organizations come in order: threads share rows.
WITH waits AS (
    INSERT INTO wait_statistics AS w (hour, worker, lane, organization_id, wait_counts)
    SELECT date_trunc('hour', clock_timestamp()), %(worker)s, %(lane)s, CAST(key AS bigint), CAST(value AS integer[])
    FROM json_each_text(%(waits)s)
    ON CONFLICT (hour, worker, lane, organization_id) DO UPDATE
    SET wait_counts = ARRAY(SELECT a + b FROM unnest(w.wait_counts, excluded.wait_counts) AS t (a, b))
)
INSERT INTO run_statistics AS s (kind, worker, completed, failed, wait_seconds, run_seconds, wait_counts, run_counts,
    recent_runs, recent_jobs, recent_seconds, recent_jobs_squared, recent_jobs_seconds)
VALUES (%(kind)s, %(worker)s, %(completed)s, %(failed)s, %(wait_seconds)s, %(run_seconds)s, CAST(%(wait_counts)s AS bigint[]),
    CAST(%(run_counts)s AS bigint[]), 1, %(jobs)s, %(run_seconds)s, power(%(jobs)s, 2), %(jobs)s * %(run_seconds)s)
ON CONFLICT (kind, worker) DO UPDATE
SET completed = s.completed + excluded.completed, failed = s.failed + excluded.failed,
    wait_seconds = s.wait_seconds + excluded.wait_seconds, run_seconds = s.run_seconds + excluded.run_seconds,
    recent_runs = 0.9 * s.recent_runs + excluded.recent_runs,
    recent_jobs = 0.9 * s.recent_jobs + excluded.recent_jobs,
    recent_seconds = 0.9 * s.recent_seconds + excluded.recent_seconds,
    recent_jobs_squared = 0.9 * s.recent_jobs_squared + excluded.recent_jobs_squared,
    recent_jobs_seconds = 0.9 * s.recent_jobs_seconds + excluded.recent_jobs_seconds,
    wait_counts = ARRAY(SELECT a + b FROM unnest(s.wait_counts, excluded.wait_counts) AS t (a, b)),
    run_counts = ARRAY(SELECT a + b FROM unnest(s.run_counts, excluded.run_counts) AS t (a, b)),
    updated_at = clock_timestamp()
