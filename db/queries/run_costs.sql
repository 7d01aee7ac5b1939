-- What a job of each kind has cost lately, in seconds, as the worker that reported last has it.
SELECT DISTINCT ON (kind) kind, recent_cost AS seconds FROM run_statistics ORDER BY kind, updated_at DESC
