-- Jobs that are held by one of the holders: by a process, or by one child of it.
SELECT id FROM open_jobs
WHERE status = 'PROCESSING' AND lease_expires_at IS NOT NULL
  AND (worker = ANY(CAST(%(holders)s AS text[])) OR split_part(worker, '/', 1) = ANY(CAST(%(holders)s AS text[])))
ORDER BY lease_expires_at LIMIT %(limit)s
