-- Have what waits for a webhook be due, up to 10,000 deliveries: it has another address, or is enabled again.
WITH entry AS (
    UPDATE outbox SET due_at = clock_timestamp() WHERE job_id = ANY(ARRAY(
        SELECT job_id FROM outbox
        WHERE lane = %(lane)s AND priority = %(priority)s AND organization_id = %(organization_id)s AND kind = %(kind)s
          AND group_key = %(group_key)s AND published_at IS NULL AND due_at > clock_timestamp()
        ORDER BY due_at LIMIT 10000 FOR UPDATE SKIP LOCKED))
    RETURNING job_id
)
UPDATE open_jobs SET available_at = clock_timestamp()
WHERE id = ANY(ARRAY(SELECT job_id FROM entry)) AND status = 'PENDING'
