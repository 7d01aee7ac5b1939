-- Put one row for each lane and organization of a past hour in the place of one for each worker, a bounded number at a
-- time. The new rows come in order, as two cleanups may run at once.
WITH past AS (
    SELECT hour, worker, lane, organization_id FROM wait_statistics
    WHERE hour = ANY(ARRAY(SELECT generate_series(date_trunc('hour', clock_timestamp()) - interval '7 days',
                                                  date_trunc('hour', clock_timestamp()) - interval '1 hour',
                                                  interval '1 hour')))
      AND worker > ''
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM wait_statistics
    WHERE (hour, worker, lane, organization_id) IN (SELECT hour, worker, lane, organization_id FROM past)
    RETURNING hour, lane, organization_id, wait_counts
), bucket AS (
    SELECT hour, lane, organization_id, n, sum(jobs) AS jobs
    FROM gone, unnest(wait_counts) WITH ORDINALITY AS t (jobs, n) GROUP BY hour, lane, organization_id, n
)
INSERT INTO wait_statistics AS w (hour, worker, lane, organization_id, wait_counts)
SELECT hour, '', lane, organization_id, array_agg(jobs ORDER BY n)
FROM bucket GROUP BY hour, lane, organization_id ORDER BY hour, lane, organization_id
ON CONFLICT (hour, worker, lane, organization_id) DO UPDATE
SET wait_counts = ARRAY(SELECT a + b FROM unnest(w.wait_counts, excluded.wait_counts) AS t (a, b))
RETURNING hour
