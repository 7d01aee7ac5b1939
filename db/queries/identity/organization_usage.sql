-- How much of its quotas an organization has used, the quotas of its own, and the seconds left of the day (UTC).
-- Each counter knows the number at which its day began. Requests that wait are counted up to `most`.
SELECT o.name, o.max_stored_mb, o.max_templates, o.max_invoices_per_day,
    CAST(86400 - extract(epoch FROM clock.at - date_trunc('day', clock.at)) AS integer) AS seconds_left,
    CAST(series.issued AS bigint) AS issued,
    CAST(series.stored_bytes + own.bytes + coalesce(
        (SELECT bytes FROM file_totals WHERE file_totals.organization_id = o.id), 0) AS bigint) AS stored_bytes,
    own.templates,
    (SELECT count(*) FROM (SELECT FROM outbox WHERE lane = %(lane)s AND priority = %(priority)s
        AND organization_id = o.id AND kind = ANY(CAST(%(kinds)s AS text[])) LIMIT %(most)s) AS entry) AS waiting
FROM organizations AS o
CROSS JOIN (SELECT statement_timestamp() AT TIME ZONE 'UTC' AS at) AS clock
CROSS JOIN LATERAL (
    SELECT coalesce(sum(stored_bytes), 0) AS stored_bytes,
        coalesce(sum(last_number - day_start) FILTER (WHERE day = CAST(clock.at AS date)), 0) AS issued
    FROM suppliers JOIN number_series ON supplier_id = suppliers.id WHERE suppliers.organization_id = o.id) AS series
CROSS JOIN LATERAL (
    SELECT count(*) AS templates, coalesce(sum(pg_column_size(html)), 0) AS bytes
    FROM templates JOIN template_sources ON hash = source_hash WHERE templates.organization_id = o.id) AS own
WHERE o.id = %(organization_id)s
