-- How long the jobs of each organization and lane waited, the slowest first: a percentile is the upper bound of the
-- bucket it falls into, NULL in the last one. Buckets without jobs are left out; `id` is the place in this order.
WITH bucket AS (
    SELECT organization_id, lane, n, sum(jobs) AS jobs
    FROM wait_statistics, unnest(wait_counts) WITH ORDINALITY AS t (jobs, n)
    WHERE hour >= date_trunc('hour', clock_timestamp()) - make_interval(hours => %(hours)s) AND jobs > 0
      AND organization_id = coalesce(%(organization_id)s, organization_id) AND lane = coalesce(%(lane)s, lane)
    GROUP BY organization_id, lane, n
), part AS (
    SELECT *, sum(jobs) OVER (PARTITION BY organization_id, lane ORDER BY n)
        / sum(jobs) OVER (PARTITION BY organization_id, lane) AS up_to FROM bucket
), total AS (
    SELECT organization_id, lane, sum(jobs) AS jobs,
        array_agg(n ORDER BY n) AS numbers, array_agg(jobs ORDER BY n) AS counts,
        min(n) FILTER (WHERE up_to >= 0.5) AS p50, min(n) FILTER (WHERE up_to >= 0.9) AS p90,
        min(n) FILTER (WHERE up_to >= 0.99) AS p99
    FROM part GROUP BY organization_id, lane
), ranked AS (
    SELECT *, row_number() OVER (ORDER BY p99 DESC, p90 DESC, p50 DESC, jobs DESC, organization_id, lane) AS id
    FROM total
)
SELECT id, organization_id, lane, jobs, counts, ARRAY(SELECT bounds[n] FROM unnest(numbers) AS n) AS bounds,
    bounds[p50] AS p50_seconds, bounds[p90] AS p90_seconds, bounds[p99] AS p99_seconds
FROM ranked, CAST(%(bounds)s AS float[]) AS bounds WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
