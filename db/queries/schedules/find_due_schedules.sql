-- The schedules whose slot has come, of the kinds that are known here; the others are left to who knows them.
SELECT id FROM schedules
WHERE next_at <= statement_timestamp() AND kind = ANY(CAST(%(kinds)s AS text[])) ORDER BY next_at, id LIMIT %(limit)s
