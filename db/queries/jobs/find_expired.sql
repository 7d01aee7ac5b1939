-- Jobs whose lease has run out. The next look begins at the first of them, which may be locked or too many to be swept
-- now, or else at the time of this one: what has run out is passed over once, however long it cannot be vacuumed.
WITH expired AS MATERIALIZED (
    SELECT id, lease_expires_at FROM open_jobs WHERE status = 'PROCESSING' AND lease_expires_at <= statement_timestamp()
      AND lease_expires_at >= CASE WHEN %(whole)s THEN '-infinity' ELSE (SELECT swept_to FROM relay_state) END
    ORDER BY lease_expires_at LIMIT %(limit)s
), moved AS (
    UPDATE relay_state SET swept_to = coalesce((SELECT min(lease_expires_at) FROM expired), statement_timestamp())
    -- while a relay listens there is little to pass over, and little is written
    WHERE NOT listening OR swept_to NOT BETWEEN statement_timestamp() - interval '1 minute' AND statement_timestamp()
)
SELECT id FROM expired
