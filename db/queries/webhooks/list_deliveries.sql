-- One delivery, or those of a webhook, newest first. What is not delivered is as its job is; a job that is not there any
-- more was cleaned up after it had ended.
SELECT d.id, d.webhook_id, d.sequence, e.id AS event_id, e.type, shown.status, d.job_id, d.attempts,
    CASE WHEN shown.status = 'pending' THEN coalesce(o.due_at, j.available_at) END AS next_attempt_at,
    CASE WHEN shown.status <> 'delivered' THEN j.error END AS error, d.delivered_at, d.created_at
FROM deliveries AS d
LEFT JOIN open_jobs AS j ON j.id = d.job_id AND d.delivered_at IS NULL
LEFT JOIN outbox AS o ON o.job_id = j.id AND j.status = 'PENDING'
LEFT JOIN events AS e ON e.organization_id = d.organization_id AND e.sequence = d.sequence
CROSS JOIN LATERAL (SELECT CASE WHEN d.delivered_at IS NOT NULL THEN 'delivered'
    WHEN j.status IN ('PENDING', 'PROCESSING') THEN 'pending' WHEN j.status = 'FAILED' THEN 'failed'
    ELSE 'cancelled' END AS status) AS shown
WHERE d.organization_id = %(organization_id)s
  AND (CAST(%(id)s AS bigint) IS NULL OR d.id = %(id)s)
  AND (CAST(%(webhook_id)s AS bigint) IS NULL OR d.webhook_id = %(webhook_id)s)
  AND (CAST(%(before)s AS bigint) IS NULL OR d.id < %(before)s)
  AND (CAST(%(status)s AS text) IS NULL OR shown.status = %(status)s)
ORDER BY d.id DESC LIMIT %(limit)s
