-- Sessions that ended so many days ago, whichever way, and counters of attempts that are empty again.
WITH gone AS (
    DELETE FROM user_sessions WHERE id IN (
        SELECT id FROM user_sessions WHERE least(ended_at, expires_at) < statement_timestamp() - make_interval(days => %(days)s)
        LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) RETURNING id
), empty AS (
    DELETE FROM login_attempts WHERE counter IN (
        SELECT counter FROM login_attempts WHERE counted_at < statement_timestamp() - interval '2 hours'
        LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) RETURNING counter
)
SELECT id FROM gone UNION ALL SELECT 0 FROM empty
