-- The weeks, from this to the next but one, that have no partition yet; whether each has begun, and whether jobs of it
-- stand in the partition for the rest, so that it can get none any more.
SELECT CAST(week AS date) AS week, week <= clock_timestamp() AS begun, EXISTS (
    SELECT FROM completed_jobs_rest WHERE completed_at >= week AND completed_at < week + interval '7 days') AS taken
FROM generate_series(date_trunc('week', clock_timestamp()), clock_timestamp() + interval '14 days', interval '7 days')
    AS week
WHERE to_regclass('completed_jobs_' || to_char(week, 'YYYY_MM_DD')) IS NULL
