-- Write events that have no number yet, in the order given; those of an organization that never asked for any are left
-- out. Return the organizations that have asked, and the seconds until their next events are numbered.
WITH told AS (
    INSERT INTO pending_events (organization_id, type, data, traceparent)
    SELECT stream.organization_id, type, CAST(data AS jsonb), traceparent
    FROM unnest(CAST(%(types)s AS text[]), CAST(%(data)b AS text[]), CAST(%(traceparents)b AS text[]))
        WITH ORDINALITY AS event (type, data, traceparent, position)
    JOIN event_streams AS stream ON stream.organization_id = %(organization_id)s
    ORDER BY position RETURNING organization_id
)
SELECT organization_id, extract(epoch FROM greatest(interval '0',
    sequenced_at + make_interval(secs => %(pause)s) - clock_timestamp())) AS delay
FROM event_streams WHERE organization_id IN (SELECT organization_id FROM told)
