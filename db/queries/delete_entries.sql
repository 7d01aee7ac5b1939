-- What was entered stays, and counts no longer.
UPDATE journal_entries SET deleted_at = clock_timestamp()
FROM unnest(CAST(%(types)s AS text[]), CAST(%(ids)s AS bigint[])) AS t (type, id)
WHERE document_type = t.type AND document_id = t.id AND deleted_at IS NULL
