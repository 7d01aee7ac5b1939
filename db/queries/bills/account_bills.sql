-- The amounts that approved bills are booked with.
SELECT id, organization_id, issue_date AS entry_date, currency_code, account_code, subtotal, tax_total, total
FROM bills WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND status = 'approved'
