-- Hold those of the locked webhooks that may be sent to now, by the first of this run's jobs. Another run holds one while
-- its own first job is PROCESSING: a worker that died holds nothing once its jobs are swept.
UPDATE webhooks SET held_by = %(holder)s
WHERE id = ANY(CAST(%(webhook_ids)s AS bigint[])) AND enabled AND coalesce(paused_until <= clock_timestamp(), true)
  AND NOT EXISTS (SELECT FROM open_jobs WHERE open_jobs.id = webhooks.held_by AND status = 'PROCESSING'
                  AND open_jobs.id <> ALL (CAST(%(job_ids)s AS bigint[])))
RETURNING id
