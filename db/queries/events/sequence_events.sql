-- Give the oldest pending events of an organization, whose stream is locked, the numbers after its last one.
WITH taken AS (
    DELETE FROM pending_events WHERE organization_id = %(organization_id)s AND id = ANY(ARRAY(
        SELECT id FROM pending_events WHERE organization_id = %(organization_id)s ORDER BY id LIMIT %(limit)s))
    RETURNING id, type, data, created_at
), event AS (
    INSERT INTO events (organization_id, sequence, id, type, data, created_at)
    SELECT %(organization_id)s, %(last_sequence)s + row_number() OVER (ORDER BY id), gen_random_uuid(), type, data, created_at
    FROM taken
    RETURNING sequence, type, data, id
), moved AS (
    UPDATE event_streams SET last_sequence = last_sequence + (SELECT count(*) FROM taken), sequenced_at = clock_timestamp()
    WHERE organization_id = %(organization_id)s AND EXISTS (SELECT FROM taken)
)
SELECT sequence, type, CAST(data AS text) AS data, id FROM event ORDER BY sequence
