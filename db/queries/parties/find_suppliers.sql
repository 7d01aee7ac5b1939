-- Find the fields of each supplier that pricing needs, what its series says of dates, the supplier's own today, and the key
-- under which a request is kept.
SELECT s.id, wanted.series_code, s.organization_id, s.currency_code, s.default_tax_rate, s.tax_rounding,
    series.restart, series.chronology, series.last_date, CAST(statement_timestamp() AT TIME ZONE s.time_zone AS date) AS today,
    k.id AS data_key_id, k.wrapped, k.master_key_id
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(series_codes)s AS text[])) AS wanted (id, series_code)
JOIN suppliers AS s ON s.id = wanted.id
LEFT JOIN data_keys AS k ON k.organization_id = s.organization_id AND k.client_id IS NULL
LEFT JOIN LATERAL (SELECT restart, chronology, last_date FROM number_series
    WHERE supplier_id = s.id AND code = wanted.series_code ORDER BY last_number DESC LIMIT 1) AS series ON true
