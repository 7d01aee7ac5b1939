-- What a caller may see of jobs, for all who watch them at once.
SELECT id, kind, status, progress, total, error, result, priority, attempts, max_attempts, cancel_requested,
    available_at, created_at, started_at, completed_at, clock_timestamp() AS read_at
FROM jobs WHERE id = ANY(CAST(%(ids)s AS bigint[]))
