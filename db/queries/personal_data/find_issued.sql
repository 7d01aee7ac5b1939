-- What was issued to a client, which the law has its issuer keep.
SELECT id, invoice_number, document_type, issue_date, job_id FROM invoices
WHERE organization_id = %(organization_id)s AND client_id = %(client_id)s ORDER BY id
