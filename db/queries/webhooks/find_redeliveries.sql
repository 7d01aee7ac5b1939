-- Events of a range that a webhook asks for, oldest first: after a number, since a time, or whose last delivery to it has
-- a status. What is on its way is left out.
SELECT e.sequence, e.type FROM events AS e
LEFT JOIN LATERAL (
    SELECT delivered_at, job_id FROM deliveries AS d WHERE d.webhook_id = %(webhook_id)s AND d.sequence = e.sequence
    ORDER BY d.id DESC LIMIT 1) AS last ON true
LEFT JOIN open_jobs AS j ON j.id = last.job_id AND last.delivered_at IS NULL
WHERE e.organization_id = %(organization_id)s AND NOT EXISTS (
      SELECT FROM deliveries AS d JOIN open_jobs ON open_jobs.id = d.job_id AND open_jobs.status IN ('PENDING', 'PROCESSING')
      WHERE d.webhook_id = %(webhook_id)s AND d.sequence = e.sequence AND d.delivered_at IS NULL)
  AND CASE WHEN e.type = %(pinged)s THEN CAST(e.data ->> 'webhookId' AS bigint) = %(webhook_id)s
      ELSE EXISTS (SELECT FROM unnest(CAST(%(types)s AS text[])) AS t (pattern) WHERE t.pattern IN ('*', e.type)
                   OR (t.pattern LIKE '%%.*' AND starts_with(e.type, rtrim(t.pattern, '*')))) END
  AND e.sequence > coalesce(CAST(%(after)s AS bigint), 0)
  AND e.created_at >= coalesce(CAST(%(since)s AS timestamptz), '-infinity')
  AND (CAST(%(status)s AS text) IS NULL OR %(status)s = CASE WHEN last.delivered_at IS NOT NULL THEN 'delivered'
       WHEN last.job_id IS NULL THEN NULL WHEN j.status = 'FAILED' THEN 'failed' ELSE 'cancelled' END)
ORDER BY e.sequence LIMIT %(limit)s
