-- Jobs that are held by one of the holders: by a process, or by one child of it. Those of a silent process that were
-- claimed since it is known to be silent are left alone: whoever claims them lives.
SELECT id FROM open_jobs
WHERE status = 'PROCESSING' AND lease_expires_at IS NOT NULL
  AND (worker = ANY(CAST(%(holders)s AS text[])) OR split_part(worker, '/', 1) = ANY(CAST(%(holders)s AS text[])))
  AND NOT EXISTS (SELECT FROM processes AS p WHERE p.name = split_part(worker, '/', 1)
                  AND lease_expires_at > p.silent_at + make_interval(secs => %(lease)s))
ORDER BY lease_expires_at LIMIT %(limit)s
