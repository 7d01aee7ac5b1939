-- What a job of each kind has cost lately, in seconds, as the worker that reported last has it. Deliveries count by
-- their jobs: one that carried a single job says little about what a job costs among many.
SELECT DISTINCT ON (kind) kind, recent_seconds / recent_jobs AS seconds FROM run_statistics WHERE recent_jobs > 0
ORDER BY kind, updated_at DESC
