-- The amounts that invoices and credit notes are booked with.
SELECT id, organization_id, document_type, issue_date AS entry_date, currency_code, subtotal, tax_total, total
FROM invoices WHERE id = ANY(CAST(%(ids)s AS bigint[]))
