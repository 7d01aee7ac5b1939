-- The children of a process that hold jobs.
SELECT DISTINCT worker FROM open_jobs
WHERE status = 'PROCESSING' AND lease_expires_at IS NOT NULL AND split_part(worker, '/', 1) = %(name)s AND worker <> %(name)s
