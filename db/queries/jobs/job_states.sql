-- The states of jobs as their callers may see them, for all subscribers at once.
SELECT id, kind, status, progress, total, error, result, priority, attempts, max_attempts, cancel_requested,
    unique_key, available_at, created_by, created_at, started_at, completed_at, clock_timestamp() AS read_at
FROM jobs WHERE id = ANY(CAST(%(ids)s AS bigint[]))
