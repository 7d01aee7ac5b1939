-- What an organization stores, with the files that are on their way, and what it may store by a quota of its own.
SELECT max_stored_mb, CAST(coalesce((SELECT sum(stored_bytes) FROM suppliers
        JOIN number_series ON supplier_id = suppliers.id WHERE suppliers.organization_id = o.id), 0)
    + coalesce((SELECT sum(pg_column_size(html)) FROM templates
        JOIN template_sources ON hash = source_hash WHERE templates.organization_id = o.id), 0)
    + coalesce((SELECT bytes FROM file_totals WHERE file_totals.organization_id = o.id), 0)
    + coalesce((SELECT sum(size) FROM file_writes
        WHERE file_writes.organization_id = o.id AND given_up_at IS NULL), 0) AS bigint) AS stored_bytes
FROM organizations AS o WHERE o.id = %(organization_id)s
