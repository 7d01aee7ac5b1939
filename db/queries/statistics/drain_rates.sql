-- How fast each lane has completed jobs: of the last five minutes, the latest 500 at the most; times in seconds.
SELECT lane, count(*) AS jobs,
    CAST(count(*) / greatest(0.001, extract(epoch FROM clock_timestamp() - min(completed_at))) AS float)
        AS jobs_per_second,
    CAST(extract(epoch FROM clock_timestamp() - max(completed_at)) AS float) AS idle_seconds
FROM (
    SELECT lane, completed_at FROM completed_jobs WHERE completed_at > statement_timestamp() - interval '5 minutes'
    ORDER BY completed_at DESC LIMIT 500
) AS recent GROUP BY lane
