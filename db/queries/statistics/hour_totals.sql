-- How many jobs were claimed in each hour since `hours` before this one, and how long they had waited: of one
-- organization, or of all. A percentile is the upper bound of the bucket it falls into, infinite in the last one.
WITH clock AS (
    SELECT statement_timestamp() AS at, date_trunc('hour', statement_timestamp()) AS hour
), total AS (  -- by number, as to unnest each row takes ten times as long
    SELECT hour, ARRAY[sum(c[1]), sum(c[2]), sum(c[3]), sum(c[4]), sum(c[5]), sum(c[6]), sum(c[7]), sum(c[8]), sum(c[9]),
        sum(c[10]), sum(c[11]), sum(c[12]), sum(c[13]), sum(c[14]), sum(c[15])] AS counts
    FROM (SELECT hour, organization_id, wait_counts AS c FROM wait_statistics) AS w
    WHERE hour >= (SELECT hour FROM clock) - make_interval(hours => %(hours)s)
      AND organization_id = coalesce(%(organization_id)s, organization_id)
    GROUP BY hour
), part AS (
    SELECT hour, n, jobs, sum(jobs) OVER (PARTITION BY hour ORDER BY n) / sum(jobs) OVER (PARTITION BY hour) AS up_to
    FROM total, unnest(counts) WITH ORDINALITY AS t (jobs, n)
)
SELECT shown AS hour, CAST(least(3600, extract(epoch FROM clock.at - shown)) AS float) AS seconds,
    CAST(coalesce(sum(jobs), 0) AS bigint) AS jobs,
    coalesce(bounds[min(n) FILTER (WHERE up_to >= 0.5)], CASE WHEN sum(jobs) > 0 THEN CAST('inf' AS float) END) AS p50_seconds,
    coalesce(bounds[min(n) FILTER (WHERE up_to >= 0.99)], CASE WHEN sum(jobs) > 0 THEN CAST('inf' AS float) END) AS p99_seconds
FROM clock CROSS JOIN CAST(%(bounds)s AS float[]) AS bounds
CROSS JOIN generate_series(clock.hour - make_interval(hours => %(hours)s), clock.hour, interval '1 hour') AS shown
LEFT JOIN part ON part.hour = shown
GROUP BY shown, clock.at, bounds ORDER BY shown
