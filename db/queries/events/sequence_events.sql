-- Give the oldest pending events of an organization, whose stream is locked, the numbers after its last one.
WITH taken AS (
    DELETE FROM pending_events WHERE organization_id = %(organization_id)s AND id = ANY(ARRAY(
        SELECT id FROM pending_events WHERE organization_id = %(organization_id)s ORDER BY id LIMIT %(limit)s))
    RETURNING id, type, data, created_at, traceparent
), numbered AS MATERIALIZED (
    SELECT %(last_sequence)s + row_number() OVER (ORDER BY id) AS sequence, gen_random_uuid() AS id, type, data,
        created_at, traceparent
    FROM taken
), event AS (
    INSERT INTO events (organization_id, sequence, id, type, data, created_at)
    SELECT %(organization_id)s, sequence, id, type, data, created_at FROM numbered
), moved AS (
    UPDATE event_streams SET last_sequence = last_sequence + (SELECT count(*) FROM taken), sequenced_at = clock_timestamp()
    WHERE organization_id = %(organization_id)s AND EXISTS (SELECT FROM taken)
)
SELECT sequence, type, CAST(data AS text) AS data, id, traceparent FROM numbered ORDER BY sequence
