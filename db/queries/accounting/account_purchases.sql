-- The amounts that approved purchases are booked with.
SELECT p.id, p.organization_id, CAST(p.approved_at AT TIME ZONE 'UTC' AS date) AS entry_date, o.currency_code,
    p.location_id, p.total
FROM purchases AS p JOIN organizations AS o ON o.id = p.organization_id
WHERE p.id = ANY(CAST(%(ids)s AS bigint[])) AND p.status = 'approved'
