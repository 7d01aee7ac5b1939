-- Sources after the one given that the journal is behind, or has never heard of; the latter get their first version.
WITH final (source_type, source_id) AS (
    SELECT 'invoice', id FROM invoices WHERE organization_id = %(organization_id)s
    UNION ALL SELECT 'sale', id FROM sales WHERE organization_id = %(organization_id)s AND status = 'completed'
    UNION ALL SELECT 'purchase', id FROM purchases WHERE organization_id = %(organization_id)s AND status = 'approved'
    UNION ALL SELECT 'payment', id FROM invoice_payments WHERE organization_id = %(organization_id)s
    UNION ALL SELECT 'bill', id FROM bills WHERE organization_id = %(organization_id)s AND status = 'approved'
    UNION ALL SELECT 'transfer', id FROM transfers WHERE organization_id = %(organization_id)s AND sent_at IS NOT NULL
), unheard AS (
    INSERT INTO accounting_sources (source_type, source_id, organization_id)
    SELECT source_type, source_id, %(organization_id)s FROM final
    WHERE source_type = ANY(CAST(%(types)s AS text[]))
      AND (source_type, source_id) > (%(after_type)s, %(after_id)s)
      AND NOT EXISTS (SELECT FROM accounting_sources AS known WHERE known.source_type = final.source_type
                      AND known.source_id = final.source_id)
    ORDER BY source_type, source_id LIMIT %(limit)s
    ON CONFLICT DO NOTHING
    RETURNING source_type, source_id, version
)
SELECT source_type, source_id, version FROM accounting_sources
WHERE organization_id = %(organization_id)s AND source_type = ANY(CAST(%(types)s AS text[]))
  AND entered_version < version AND (source_type, source_id) > (%(after_type)s, %(after_id)s)
UNION ALL SELECT source_type, source_id, version FROM unheard
ORDER BY source_type, source_id LIMIT %(limit)s
