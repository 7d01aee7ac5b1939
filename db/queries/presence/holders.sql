-- Under which names a process and its children hold jobs.
SELECT DISTINCT worker FROM open_jobs
WHERE status = 'PROCESSING' AND lease_expires_at IS NOT NULL AND split_part(worker, '/', 1) = %(name)s
