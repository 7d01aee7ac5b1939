-- Find the fields of each supplier that pricing needs, and the day on which an invoice would be issued.
SELECT id, organization_id, currency_code, default_tax_rate,
    CAST(statement_timestamp() AT TIME ZONE 'UTC' AS date) AS today
FROM suppliers WHERE id = ANY(CAST(%(ids)s AS bigint[]))
