INSERT INTO journal_entries (organization_id, source_type, source_id, version, entry_date, currency_code)
SELECT organization_id, type, id, version, entry_date, currency_code
FROM unnest(CAST(%(organization_ids)s AS bigint[]), CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[]),
    CAST(%(versions)s AS integer[]), CAST(%(dates)s AS date[]), CAST(%(currencies)s AS text[]))
    AS t (organization_id, type, id, version, entry_date, currency_code)
RETURNING id, source_type, source_id
