-- Write events that have no number yet, in the order given; those of an organization that never asked for any are left
-- out. Return the organizations that have asked.
WITH told AS (
    INSERT INTO pending_events (organization_id, type, data)
    SELECT stream.organization_id, type, CAST(data AS jsonb)
    FROM unnest(CAST(%(types)s AS text[]), CAST(%(data)b AS text[])) WITH ORDINALITY AS event (type, data, position)
    JOIN event_streams AS stream ON stream.organization_id = %(organization_id)s
    ORDER BY position RETURNING organization_id
)
SELECT DISTINCT organization_id FROM told
