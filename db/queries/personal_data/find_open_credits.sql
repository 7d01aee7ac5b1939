-- The requests for credit notes of the client's invoices that have not become one.
SELECT id, status, payload, created_at FROM open_jobs
WHERE organization_id = %(organization_id)s AND kind = 'invoice.credit' AND CAST(payload ->> 'invoice_id' AS bigint) = ANY(
    ARRAY(SELECT id FROM invoices WHERE organization_id = %(organization_id)s AND client_id = %(client_id)s))
ORDER BY id LIMIT %(limit)s
