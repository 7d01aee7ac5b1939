-- The weeks, from this to the next but one, for which a table that is kept by weeks has no partition yet; whether each has
-- begun, and whether rows of it stand in the partition for the rest, so that it can get none any more.
SELECT parent, CAST(week AS date) AS week, week <= clock_timestamp() AS begun, CASE parent
    WHEN 'completed_jobs' THEN EXISTS (
        SELECT FROM completed_jobs_rest WHERE completed_at >= week AND completed_at < week + interval '7 days')
    WHEN 'events' THEN EXISTS (
        SELECT FROM events_rest WHERE sequenced_at >= week AND sequenced_at < week + interval '7 days')
    END AS taken
FROM generate_series(date_trunc('week', clock_timestamp()), clock_timestamp() + interval '14 days', interval '7 days')
    AS week CROSS JOIN unnest(CAST(%(parents)s AS text[])) AS parent
WHERE to_regclass(parent || to_char(week, '_YYYY_MM_DD')) IS NULL
