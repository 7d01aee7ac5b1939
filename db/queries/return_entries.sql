-- The broker did not take these: they are due at once, as if never leased.
UPDATE outbox SET published_at = NULL, due_at = clock_timestamp() WHERE job_id = ANY(CAST(%(ids)s AS bigint[]))
