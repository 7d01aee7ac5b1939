-- Mails that a job is still to send.
SELECT m.id FROM mails AS m JOIN open_jobs AS j ON j.id = m.job_id
WHERE m.id = ANY(CAST(%(ids)s AS bigint[])) AND m.status = 'queued' AND j.status IN ('PENDING', 'PROCESSING') ORDER BY m.id
