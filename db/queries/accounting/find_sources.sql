-- Those of the sources that the organization has.
SELECT type, id FROM unnest(CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[])) AS t (type, id)
WHERE CASE type
    WHEN 'invoice' THEN EXISTS (SELECT FROM invoices AS s WHERE s.id = t.id AND organization_id = %(organization_id)s)
    WHEN 'sale' THEN EXISTS (SELECT FROM sales AS s WHERE s.id = t.id AND organization_id = %(organization_id)s)
    WHEN 'purchase' THEN EXISTS (SELECT FROM purchases AS s WHERE s.id = t.id AND organization_id = %(organization_id)s)
    WHEN 'payment' THEN EXISTS (SELECT FROM invoice_payments AS s WHERE s.id = t.id AND organization_id = %(organization_id)s)
    WHEN 'bill' THEN EXISTS (SELECT FROM bills AS s WHERE s.id = t.id AND organization_id = %(organization_id)s)
    WHEN 'transfer' THEN EXISTS (SELECT FROM transfers AS s WHERE s.id = t.id AND organization_id = %(organization_id)s)
END
