-- The weeks, from this to the next but one, that have no partition yet and nothing in the one for the rest.
SELECT CAST(week AS date) AS week
FROM generate_series(date_trunc('week', clock_timestamp()), clock_timestamp() + interval '14 days', interval '7 days')
    AS week
WHERE to_regclass('completed_jobs_' || to_char(week, 'YYYY_MM_DD')) IS NULL AND NOT EXISTS (
    SELECT FROM completed_jobs_rest WHERE completed_at >= week AND completed_at < week + interval '7 days')
