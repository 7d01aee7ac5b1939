-- The amounts that payments are booked with; one below zero was given back.
SELECT p.id, p.organization_id, p.paid_on AS entry_date, i.currency_code, p.amount
FROM invoice_payments AS p JOIN invoices AS i ON i.id = p.invoice_id WHERE p.id = ANY(CAST(%(ids)s AS bigint[]))
