-- Sum up the runs of each kind over all workers since the beginning; counts stand in the order of the buckets.
SELECT kind, sum(completed) AS completed, sum(failed) AS failed, sum(wait_seconds) AS wait_seconds,
    sum(run_seconds) AS run_seconds,
    (SELECT array_agg(total ORDER BY n) FROM (
        SELECT n, sum(c) AS total FROM run_statistics AS w, unnest(w.wait_counts) WITH ORDINALITY AS u (c, n)
        WHERE w.kind = s.kind GROUP BY n) AS t) AS wait_counts,
    (SELECT array_agg(total ORDER BY n) FROM (
        SELECT n, sum(c) AS total FROM run_statistics AS r, unnest(r.run_counts) WITH ORDINALITY AS u (c, n)
        WHERE r.kind = s.kind GROUP BY n) AS t) AS run_counts
FROM run_statistics AS s GROUP BY kind ORDER BY kind
