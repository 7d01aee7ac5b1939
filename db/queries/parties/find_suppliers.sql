-- What pricing needs of each supplier.
SELECT id, organization_id, currency_code, default_tax_rate FROM suppliers WHERE id = ANY(CAST(%(ids)s AS bigint[]))
