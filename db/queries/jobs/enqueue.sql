-- enqueue: - -> PENDING
-- One row and one outbox entry for each payload, in the order given; wakes the relay if it listens. A job waits until
-- `run_at`, or else for `delay` seconds.
WITH asked AS (
    SELECT * FROM unnest(CAST(%(organization_ids)s AS bigint[]), CAST(%(payloads)b AS text[]),
        CAST(%(group_keys)b AS text[]), CAST(%(created_by)b AS text[]), CAST(%(traceparents)b AS text[]))
        WITH ORDINALITY AS t (organization_id, payload, group_key, created_by, traceparent, position)
), job AS (
    INSERT INTO open_jobs (organization_id, kind, lane, priority, max_attempts, payload_version, total, payload, group_key,
        created_by, traceparent, run_at, unique_key, available_at)
    SELECT organization_id, %(kind)s, %(lane)s, %(priority)s, %(max_attempts)s, %(version)s, %(total)s,
        CAST(payload AS jsonb), group_key, created_by, traceparent, %(run_at)s, %(unique_key)s,
        greatest(clock_timestamp(), coalesce(%(run_at)s, clock_timestamp() + make_interval(secs => %(delay)s)))
    FROM asked ORDER BY position
    RETURNING id, organization_id, available_at, group_key
), entry AS (
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at)
    SELECT id, organization_id, %(kind)s, %(lane)s, %(priority)s, group_key,
        available_at + make_interval(secs => %(held)s)
    FROM job
)
SELECT id, (SELECT pg_notify('outbox', '') FROM relay_state WHERE listening) AS woken
FROM job ORDER BY id
