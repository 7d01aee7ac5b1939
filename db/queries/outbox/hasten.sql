-- Have a job that waits for its next attempt be due, and wake the relay if it listens.
WITH job AS (
    UPDATE open_jobs SET available_at = clock_timestamp() WHERE id = %(job_id)s AND status = 'PENDING' RETURNING id
), entry AS (
    UPDATE outbox SET due_at = clock_timestamp()
    WHERE job_id = (SELECT id FROM job) AND published_at IS NULL RETURNING job_id
)
SELECT job_id, (SELECT pg_notify('outbox', '') FROM relay_state WHERE listening) AS woken FROM entry
