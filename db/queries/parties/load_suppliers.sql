-- Find the fields of each supplier that issuing needs; the template is its own, else its organization's default.
SELECT s.id, s.organization_id, s.name, s.address_line1, s.address_line2, s.city, s.region, s.postal_code, s.country,
    s.tax_id, s.vat_id, s.email, s.phone, s.locale_code, s.currency_code, s.default_tax_rate,
    coalesce(own.source_hash, shared.source_hash) AS template_hash,
    CAST(statement_timestamp() AT TIME ZONE 'UTC' AS date) AS today
FROM suppliers AS s
LEFT JOIN templates AS own ON own.id = s.default_template_id
LEFT JOIN templates AS shared ON shared.organization_id = s.organization_id AND shared.is_default
WHERE s.id = ANY(CAST(%(ids)s AS bigint[]))
