-- Take the due entries of each turn, oldest first, and make each due again after the redelivery interval:
-- a message that is lost costs that much time, and its place before those that fell due meanwhile.
WITH due AS (
    SELECT entry.job_id
    FROM unnest((SELECT CAST(%(lanes)s AS text[])), CAST(%(priorities)s AS integer[]),
        CAST(%(organization_ids)s AS bigint[]), CAST(%(kinds)s AS text[]), CAST(%(since)s AS timestamptz[]),
        CAST(%(mosts)s AS integer[])) AS turn (lane, priority, organization_id, kind, since, most)
    CROSS JOIN LATERAL (
        SELECT job_id FROM outbox
        WHERE lane = turn.lane AND priority = turn.priority AND organization_id = turn.organization_id
          AND kind = turn.kind AND due_at >= since AND due_at <= statement_timestamp()
        ORDER BY due_at, job_id LIMIT turn.most FOR UPDATE SKIP LOCKED
    ) AS entry
)
UPDATE outbox
SET published_at = clock_timestamp(), due_at = clock_timestamp() + make_interval(secs => %(redelivery)s)
WHERE job_id = ANY(ARRAY(SELECT job_id FROM due))
RETURNING job_id, organization_id, kind, lane, priority, group_key, group_limit
