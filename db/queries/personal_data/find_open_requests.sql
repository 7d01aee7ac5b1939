-- The requests for invoices that have not become one, which may name the client.
SELECT id, status, payload, created_at FROM open_jobs
WHERE organization_id = %(organization_id)s AND kind = 'invoice.generate' ORDER BY id LIMIT %(limit)s
