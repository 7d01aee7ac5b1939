-- That a session was used, to the minute; what another transaction is about to write is left to it.
WITH seen AS (
    UPDATE user_sessions SET seen_at = clock_timestamp()
    WHERE id = (SELECT id FROM user_sessions WHERE id = %(session_id)s FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING user_id, seen_at
)
UPDATE users SET last_seen_at = seen.seen_at FROM seen
WHERE id = (SELECT id FROM users WHERE id = seen.user_id FOR NO KEY UPDATE SKIP LOCKED)
