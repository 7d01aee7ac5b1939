-- The mailboxes whose time has come and that have no job, until their next time. Whoever owes their jobs has them locked.
UPDATE mailboxes AS m SET next_sync_at = clock_timestamp() + make_interval(mins => every_minutes)
WHERE id = ANY(ARRAY(
    SELECT id FROM mailboxes AS due WHERE enabled AND next_sync_at <= clock_timestamp() AND NOT EXISTS (
        SELECT FROM open_jobs AS j WHERE j.organization_id = due.organization_id AND j.kind = %(kind)s
          AND j.unique_key = CAST(due.id AS text) AND j.status IN ('PENDING', 'PROCESSING'))
    ORDER BY next_sync_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED))
RETURNING id, organization_id
