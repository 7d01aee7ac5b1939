-- claim: PENDING -> PROCESSING
-- Skips what is paused, not PENDING, not of this kind, not yet available or being moved by someone else.
WITH due AS (
    SELECT id FROM open_jobs
    WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND kind = %(kind)s
      AND status = 'PENDING' AND available_at <= clock_timestamp()
      AND lane <> ALL (SELECT name FROM pauses WHERE what = 'lane')
      AND NOT EXISTS (SELECT FROM pauses WHERE what = 'kind' AND name = %(kind)s)
    ORDER BY id FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE open_jobs
    SET status = 'PROCESSING', attempts = attempts + 1, lease_token = %(token)s, worker = %(worker)s,
        lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s),
        -- a long job that goes on where it was released has not started anew
        started_at = coalesce(CASE WHEN progress > 0 AND error IS NULL THEN started_at END, clock_timestamp())
    WHERE id = ANY(ARRAY(SELECT id FROM due))
    RETURNING id, organization_id, payload, attempts, max_attempts, payload_version, progress, cancel_requested,
        CAST(extract(epoch FROM clock_timestamp() - available_at) AS float) AS waited, hand_backs, traceparent
), entry AS (
    DELETE FROM outbox WHERE job_id = ANY(ARRAY(SELECT id FROM claimed))
)
SELECT * FROM claimed ORDER BY id
