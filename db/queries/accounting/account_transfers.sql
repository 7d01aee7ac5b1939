-- The amounts that sent transfers are booked with, and whether they have arrived.
SELECT t.id, t.organization_id, CAST(coalesce(t.completed_at, t.sent_at) AT TIME ZONE 'UTC' AS date) AS entry_date,
    o.currency_code, t.status, t.from_location_id, t.to_location_id,
    (SELECT coalesce(abs(sum(value)), 0) FROM movements
     WHERE document_type = 'transfer' AND document_id = t.id AND step = 'send') AS value
FROM transfers AS t JOIN organizations AS o ON o.id = t.organization_id
WHERE t.id = ANY(CAST(%(ids)s AS bigint[])) AND t.sent_at IS NOT NULL
