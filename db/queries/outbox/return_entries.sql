-- Nobody took these: they are due again, as if never leased.
UPDATE outbox SET published_at = NULL, due_at = clock_timestamp() + make_interval(secs => %(delay)s)
WHERE job_id = ANY(CAST(%(ids)s AS bigint[])) AND published_at IS NOT NULL
