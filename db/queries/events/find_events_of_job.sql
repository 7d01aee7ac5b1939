-- The events that a job has caused, and what was sent of them to webhooks: among so many that were numbered since a time,
-- the first of which is found by halving, as numbers and times rise together.
WITH RECURSIVE halves AS (
    SELECT coalesce(min(sequence), 1) AS low, coalesce(max(sequence), 0) + 1 AS high
    FROM events WHERE organization_id = %(organization_id)s
    UNION ALL
    SELECT CASE WHEN e.sequenced_at < %(since)s THEN h.middle + 1 ELSE h.low END,
        CASE WHEN e.sequenced_at < %(since)s THEN h.high ELSE h.middle END
    FROM (SELECT low, high, (low + high) / 2 AS middle FROM halves WHERE low < high) AS h
    JOIN events AS e ON e.organization_id = %(organization_id)s AND e.sequence = h.middle
), near AS (
    SELECT * FROM events WHERE organization_id = %(organization_id)s
      AND sequence >= (SELECT low FROM halves WHERE low = high LIMIT 1) ORDER BY sequence LIMIT %(looked_at)s
)
SELECT n.type, n.sequence, n.sequenced_at, d.webhook_id, d.delivered_at
FROM near AS n
LEFT JOIN deliveries AS d ON d.sequence = n.sequence AND d.webhook_id IN (
    SELECT id FROM webhooks WHERE organization_id = %(organization_id)s)
WHERE CAST(%(job_id)s AS text) IN (n.data ->> 'jobId', n.data ->> 'requestId')
   OR n.data ->> 'mailId' = ANY(CAST(%(mail_ids)s AS text[])) OR n.data ->> 'billId' = ANY(CAST(%(bill_ids)s AS text[]))
ORDER BY n.sequence, d.id LIMIT 50
