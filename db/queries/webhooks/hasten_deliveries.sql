-- Have what waits for a webhook be due, up to 10,000 deliveries, and wake the relay if it listens: all, as the webhook has
-- another address or is enabled again; or those that were never tried, as it is their turn.
WITH entry AS (
    UPDATE outbox SET due_at = clock_timestamp() WHERE job_id = ANY(ARRAY(
        SELECT job_id FROM outbox
        WHERE lane = %(lane)s AND priority = %(priority)s AND organization_id = %(organization_id)s AND kind = %(kind)s
          AND group_key = %(group_key)s AND published_at IS NULL AND due_at > clock_timestamp() AND (%(tried)s OR EXISTS (
              SELECT FROM open_jobs WHERE open_jobs.id = job_id AND error IS NULL))
        ORDER BY due_at LIMIT 10000 FOR UPDATE SKIP LOCKED))
    RETURNING job_id
), job AS (
    UPDATE open_jobs SET available_at = clock_timestamp()
    WHERE id = ANY(ARRAY(SELECT job_id FROM entry)) AND status = 'PENDING'
)
SELECT pg_notify('outbox', '') AS woken FROM relay_state WHERE listening AND EXISTS (SELECT FROM entry)
