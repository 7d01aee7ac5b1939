-- Find of which traces jobs are, those that are of any.
SELECT id, traceparent FROM open_jobs WHERE id = ANY(CAST(%(ids)s AS bigint[])) AND traceparent IS NOT NULL
