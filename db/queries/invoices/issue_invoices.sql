-- Invoices, their lines and their counters, in one statement; a request that has its invoice gets no second.
-- Ids are drawn first, so that lines need not look for their invoice. The last invoice of each series has the `counts`
-- that its counter goes on with.
WITH asked AS MATERIALIZED (
    SELECT nextval('invoices_id_seq') AS id, *
    FROM jsonb_to_recordset(CAST(%(invoices)s AS jsonb)) AS t (
        organization_id bigint, supplier_id bigint, series_code text, number bigint, invoice_number text,
        job_id bigint, client_id bigint, template_hash text, status text, issue_date date, due_date date,
        locale_code text, currency_code text, supplier jsonb, client jsonb, subtotal numeric,
        tax_total numeric, total numeric, notes text, tax_rounding text, terms jsonb, document_type smallint,
        credited_invoice_id bigint, hash text, items jsonb, counts jsonb)
), issued AS (
    INSERT INTO invoices (id, organization_id, supplier_id, series_code, number, invoice_number, job_id, client_id,
        template_hash, status, issue_date, due_date, locale_code, currency_code, supplier, client,
        subtotal, tax_total, total, notes, tax_rounding, terms, document_type, credited_invoice_id, hash)
    OVERRIDING SYSTEM VALUE
    SELECT id, organization_id, supplier_id, series_code, number, invoice_number, job_id, client_id,
        decode(template_hash, 'hex'), status, issue_date, due_date, locale_code, currency_code, supplier, client,
        subtotal, tax_total, total, notes, tax_rounding, terms, document_type, credited_invoice_id,
        decode(hash, 'hex')
    FROM asked
    RETURNING id, supplier_id, series_code, number
), line AS (
    INSERT INTO invoice_items
    SELECT asked.id, item.* FROM asked
    CROSS JOIN LATERAL jsonb_to_recordset(asked.items) AS item (
        line_number integer, description text, quantity numeric, unit_price numeric, discount numeric,
        tax_rate numeric, line_subtotal numeric, line_tax numeric, line_total numeric, tax_category text,
        exemption_reason text, unit_code text, item_id text, credited_line integer)
), counter AS (
    UPDATE number_series SET last_number = last.number, last_hash = decode(last.hash, 'hex'),
        last_date = last.issue_date, stored_bytes = CAST(counts->>'stored_bytes' AS bigint),
        day = CAST(counts->>'day' AS date), day_start = CAST(counts->>'day_start' AS bigint),
        year = CAST(counts->>'year' AS smallint), year_base = CAST(counts->>'year_base' AS bigint)
    FROM asked AS last
    CROSS JOIN LATERAL (SELECT ctid FROM number_series AS s WHERE s.supplier_id = last.supplier_id
                        AND code = last.series_code ORDER BY last_number DESC LIMIT 1) AS newest
    WHERE last.counts IS NOT NULL AND number_series.ctid = newest.ctid
)
SELECT id, supplier_id, series_code, number FROM issued
