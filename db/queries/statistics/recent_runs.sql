-- How many jobs the latest runs of each kind carried and how long they took, in sums that forget.
SELECT DISTINCT ON (kind) kind, recent_runs, recent_jobs, recent_seconds, recent_jobs_squared, recent_jobs_seconds
FROM run_statistics WHERE recent_runs > 0
ORDER BY kind, updated_at DESC
