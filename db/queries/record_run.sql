-- Add a delivery to the statistics of its kind; each worker has a row of its own, so that none waits for another.
INSERT INTO run_statistics AS s (kind, worker, completed, failed, wait_seconds, run_seconds, recent_jobs,
    recent_seconds, wait_counts, run_counts)
VALUES (%(kind)s, %(worker)s, %(completed)s, %(failed)s, %(wait_seconds)s, %(run_seconds)s, %(jobs)s,
    %(work_seconds)s, CAST(%(wait_counts)s AS bigint[]), CAST(%(run_counts)s AS bigint[]))
ON CONFLICT (kind, worker) DO UPDATE
SET completed = s.completed + excluded.completed, failed = s.failed + excluded.failed,
    wait_seconds = s.wait_seconds + excluded.wait_seconds, run_seconds = s.run_seconds + excluded.run_seconds,
    recent_jobs = 0.9 * s.recent_jobs + excluded.recent_jobs,
    recent_seconds = 0.9 * s.recent_seconds + excluded.recent_seconds,
    wait_counts = (SELECT array_agg(a + b ORDER BY n)
                   FROM unnest(s.wait_counts, excluded.wait_counts) WITH ORDINALITY AS t (a, b, n)),
    run_counts = (SELECT array_agg(a + b ORDER BY n)
                  FROM unnest(s.run_counts, excluded.run_counts) WITH ORDINALITY AS t (a, b, n)),
    updated_at = clock_timestamp()
