-- Have what waits for a webhook be due, up to `limit` deliveries, and wake the relay if it listens: all, as the webhook has
-- another address or is enabled again; or those that were never tried, as it is their turn. The jobs are locked before
-- their entries, as by whoever cancels one.
WITH job AS (
    UPDATE open_jobs SET available_at = clock_timestamp() WHERE id = ANY(ARRAY(
        SELECT id FROM open_jobs WHERE id = ANY(ARRAY(
            SELECT job_id FROM outbox
            WHERE lane = %(lane)s AND priority = %(priority)s AND organization_id = %(organization_id)s AND kind = %(kind)s
              AND group_key = %(group_key)s AND published_at IS NULL AND due_at > clock_timestamp() AND (%(tried)s OR EXISTS (
                  SELECT FROM open_jobs WHERE open_jobs.id = job_id AND error IS NULL))
            ORDER BY due_at LIMIT %(limit)s))
        AND status = 'PENDING' FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING id
), entry AS (
    UPDATE outbox SET due_at = clock_timestamp()
    WHERE job_id = ANY(ARRAY(SELECT id FROM job)) AND published_at IS NULL RETURNING job_id
)
SELECT job_id, (SELECT pg_notify('outbox', '') FROM relay_state WHERE listening) AS woken FROM entry
