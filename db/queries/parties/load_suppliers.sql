-- Find the fields of each supplier that issuing needs; the template is its own, else its organization's default.
SELECT s.id, wanted.series_code, s.organization_id, s.name, s.address_line1, s.address_line2, s.city, s.region,
    s.postal_code, s.country, s.tax_id, s.vat_id, s.email, s.phone, s.locale_code, s.currency_code, s.default_tax_rate,
    s.tax_rounding, s.e_invoice, s.iban, s.bic, s.payment_link, s.payment_terms,
    coalesce(own.source_hash, shared.source_hash) AS template_hash,
    EXISTS (SELECT FROM event_streams WHERE organization_id = s.organization_id) AS listens,
    series.restart, series.chronology, series.last_date, CAST(statement_timestamp() AT TIME ZONE s.time_zone AS date) AS today
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(series_codes)s AS text[])) AS wanted (id, series_code)
JOIN suppliers AS s ON s.id = wanted.id
LEFT JOIN templates AS own ON own.id = s.default_template_id
LEFT JOIN templates AS shared ON shared.organization_id = s.organization_id AND shared.is_default
LEFT JOIN LATERAL (SELECT restart, chronology, last_date FROM number_series
    WHERE supplier_id = s.id AND code = wanted.series_code ORDER BY last_number DESC LIMIT 1) AS series ON true
