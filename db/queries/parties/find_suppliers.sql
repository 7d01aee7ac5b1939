-- Find the fields of each supplier that pricing needs.
SELECT id, organization_id, currency_code, default_tax_rate FROM suppliers WHERE id = ANY(CAST(%(ids)s AS bigint[]))
