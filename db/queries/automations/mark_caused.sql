-- Write into the oldest pending events of an organization which run of an automation has caused the job that they name.
UPDATE pending_events AS event SET data = data || jsonb_build_object('causedBy', caused_by)
FROM automation_jobs AS caused
WHERE event.organization_id = %(organization_id)s AND NOT data ? 'causedBy' AND event.id = ANY(ARRAY(
        SELECT id FROM pending_events WHERE organization_id = %(organization_id)s ORDER BY id LIMIT %(limit)s))
    AND caused.organization_id = %(organization_id)s
    AND caused.job_id = CAST(CASE WHEN data ? 'jobId' THEN data -> 'jobId' ELSE data -> 'requestId' END AS bigint)
