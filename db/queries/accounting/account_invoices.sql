-- What invoices come to.
SELECT id, organization_id, issue_date AS entry_date, currency_code, subtotal, tax_total, total
FROM invoices WHERE id = ANY(CAST(%(ids)s AS bigint[]))
