-- Take due entries, urgent lane first, and make each due again after the redelivery interval:
-- a message that is lost costs that much time and nothing else.
WITH due AS (
    SELECT entry.job_id
    FROM unnest(CAST(%(lanes)s AS text[])) AS wanted (lane)
    CROSS JOIN LATERAL (
        SELECT job_id FROM outbox
        WHERE lane = wanted.lane AND due_at <= clock_timestamp()
        ORDER BY priority DESC, due_at, job_id
        LIMIT greatest(0, %(max_out)s - (
            SELECT count(*) FROM outbox
            WHERE lane = wanted.lane AND published_at IS NOT NULL AND due_at > clock_timestamp()
        ))
        FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE outbox
SET published_at = clock_timestamp(), due_at = clock_timestamp() + make_interval(secs => %(redelivery)s)
FROM due WHERE outbox.job_id = due.job_id
RETURNING outbox.job_id, kind, lane, priority, group_key, alone
