-- The amounts that completed sales are booked with, and the cost of their goods.
SELECT s.id, s.organization_id, CAST(s.completed_at AT TIME ZONE 'UTC' AS date) AS entry_date, o.currency_code,
    s.location_id, s.subtotal, s.tax_total, s.total,
    (SELECT coalesce(abs(sum(value)), 0) FROM movements
     WHERE document_type = 'sale' AND document_id = s.id AND step = 'sell') AS cost
FROM sales AS s JOIN organizations AS o ON o.id = s.organization_id
WHERE s.id = ANY(CAST(%(ids)s AS bigint[])) AND s.status = 'completed'
