-- Those of the documents that the organization has.
SELECT type, id FROM unnest(CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[])) AS t (type, id)
WHERE CASE type
    WHEN 'invoice' THEN EXISTS (SELECT FROM invoices AS d WHERE d.id = t.id AND organization_id = %(organization_id)s)
    WHEN 'sale' THEN EXISTS (SELECT FROM sales AS d WHERE d.id = t.id AND organization_id = %(organization_id)s)
    WHEN 'purchase' THEN EXISTS (SELECT FROM purchases AS d WHERE d.id = t.id AND organization_id = %(organization_id)s)
    WHEN 'transfer' THEN EXISTS (SELECT FROM transfers AS d WHERE d.id = t.id AND organization_id = %(organization_id)s)
END
