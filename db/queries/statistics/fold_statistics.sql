-- Add the figures of workers that are long gone to one row for each kind, so that the totals stay and the rows do not.
WITH gone AS (
    DELETE FROM run_statistics WHERE updated_at < clock_timestamp() - interval '1 day' AND worker <> '' RETURNING
        kind, completed, failed, wait_seconds, run_seconds, wait_counts, run_counts, updated_at
)
INSERT INTO run_statistics AS s (kind, worker, completed, failed, wait_seconds, run_seconds,
    wait_counts, run_counts, updated_at)
SELECT kind, '', sum(completed), sum(failed), sum(wait_seconds), sum(run_seconds),
    (SELECT array_agg(total ORDER BY n) FROM (SELECT n, sum(c) AS total FROM gone AS w,
        unnest(w.wait_counts) WITH ORDINALITY AS u (c, n) WHERE w.kind = gone.kind GROUP BY n) AS t),
    (SELECT array_agg(total ORDER BY n) FROM (SELECT n, sum(c) AS total FROM gone AS r,
        unnest(r.run_counts) WITH ORDINALITY AS u (c, n) WHERE r.kind = gone.kind GROUP BY n) AS t),
    max(updated_at)
FROM gone GROUP BY kind
ON CONFLICT (kind, worker) DO UPDATE
SET completed = s.completed + excluded.completed, failed = s.failed + excluded.failed,
    wait_seconds = s.wait_seconds + excluded.wait_seconds, run_seconds = s.run_seconds + excluded.run_seconds,
    wait_counts = (SELECT array_agg(a + b ORDER BY n)
                   FROM unnest(s.wait_counts, excluded.wait_counts) WITH ORDINALITY AS t (a, b, n)),
    run_counts = (SELECT array_agg(a + b ORDER BY n)
                  FROM unnest(s.run_counts, excluded.run_counts) WITH ORDINALITY AS t (a, b, n))
