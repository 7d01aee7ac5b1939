-- One mail, or those of an organization, newest first. One that is queued and has no job any more was cancelled, or its
-- job failed before it could say so.
SELECT m.id, m.supplier_id, m.recipients, m.template, m.locale_code, m.subject, m.attachments, m.message_id, shown.status,
    CASE WHEN shown.status <> 'sent' THEN coalesce(m.error, j.error) END AS error, m.job_id,
    CASE WHEN shown.status = 'queued' THEN coalesce(o.due_at, j.available_at) END AS next_attempt_at,
    m.sent_at, m.created_at, m.client_id, m.addresses
FROM mails AS m
LEFT JOIN open_jobs AS j ON j.id = m.job_id AND m.status = 'queued'
LEFT JOIN outbox AS o ON o.job_id = j.id AND j.status = 'PENDING'
CROSS JOIN LATERAL (SELECT CASE WHEN m.status = 'queued' AND j.status IS DISTINCT FROM 'PENDING'
    AND j.status IS DISTINCT FROM 'PROCESSING' THEN 'failed' ELSE m.status END AS status) AS shown
WHERE m.organization_id = %(organization_id)s
  AND (CAST(%(id)s AS bigint) IS NULL OR m.id = %(id)s)
  AND (CAST(%(before)s AS bigint) IS NULL OR m.id < %(before)s)
  AND (CAST(%(status)s AS text) IS NULL OR (m.status = ANY(CAST(%(stored)s AS text[])) AND shown.status = %(status)s))
ORDER BY m.id DESC LIMIT %(limit)s
