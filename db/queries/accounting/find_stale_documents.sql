-- Documents after the one given that the journal is behind, or has never heard of; the latter get their first version.
WITH final (document_type, document_id) AS (
    SELECT 'invoice', id FROM invoices WHERE organization_id = %(organization_id)s
    UNION ALL SELECT 'sale', id FROM sales WHERE organization_id = %(organization_id)s AND status = 'completed'
    UNION ALL SELECT 'purchase', id FROM purchases WHERE organization_id = %(organization_id)s AND status = 'approved'
    UNION ALL SELECT 'transfer', id FROM transfers WHERE organization_id = %(organization_id)s AND sent_at IS NOT NULL
), unheard AS (
    INSERT INTO accounting_documents (document_type, document_id, organization_id)
    SELECT document_type, document_id, %(organization_id)s FROM final
    WHERE document_type = ANY(CAST(%(types)s AS text[]))
      AND (document_type, document_id) > (%(after_type)s, %(after_id)s)
      AND NOT EXISTS (SELECT FROM accounting_documents AS known WHERE known.document_type = final.document_type
                      AND known.document_id = final.document_id)
    ORDER BY document_type, document_id LIMIT %(limit)s
    ON CONFLICT DO NOTHING
    RETURNING document_type, document_id, version
)
SELECT document_type, document_id, version FROM accounting_documents
WHERE organization_id = %(organization_id)s AND document_type = ANY(CAST(%(types)s AS text[]))
  AND entered_version < version AND (document_type, document_id) > (%(after_type)s, %(after_id)s)
UNION ALL SELECT document_type, document_id, version FROM unheard
ORDER BY document_type, document_id LIMIT %(limit)s
