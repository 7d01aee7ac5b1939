-- Write what became of bills, where the job that worked on them is still theirs; return those.
UPDATE bills
SET status = said.status, message = said.message, fields = CAST(said.fields AS jsonb),
    checks = CAST(said.checks AS jsonb), reading = said.reading,
    page_count = coalesce(said.page_count, bills.page_count), supplier_key = said.supplier_key, number_key = said.number_key,
    issue_date = said.issue_date, currency_code = said.currency_code, subtotal = said.subtotal,
    tax_total = said.tax_total, total = said.total, updated_at = clock_timestamp()
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(job_ids)s AS bigint[]), CAST(%(statuses)s AS text[]),
    CAST(%(messages)s AS text[]), CAST(%(fields)b AS text[]), CAST(%(checks)b AS text[]),
    CAST(%(readings)b AS bytea[]), CAST(%(page_counts)s AS integer[]), CAST(%(supplier_key)s AS text[]),
    CAST(%(number_key)s AS text[]), CAST(%(issue_date)s AS date[]), CAST(%(currency_code)s AS text[]),
    CAST(%(subtotal)s AS numeric[]), CAST(%(tax_total)s AS numeric[]), CAST(%(total)s AS numeric[]))
    AS said (id, job_id, status, message, fields, checks, reading, page_count, supplier_key, number_key, issue_date,
        currency_code, subtotal, tax_total, total)
WHERE bills.id = said.id AND bills.job_id = said.job_id AND bills.status = 'processing'
RETURNING bills.id
