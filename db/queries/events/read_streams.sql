-- The last number of each organization that has asked for events, and that of the first event that is kept.
SELECT organization_id, last_sequence, (
    SELECT sequence FROM events WHERE events.organization_id = stream.organization_id ORDER BY sequence LIMIT 1
) AS first_sequence
FROM event_streams AS stream WHERE organization_id = ANY(CAST(%(organization_ids)s AS bigint[]))
