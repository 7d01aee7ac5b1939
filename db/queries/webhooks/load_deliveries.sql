-- What sending needs of each delivery: its webhook as it is now, and its event, if that is kept still.
SELECT d.id, d.webhook_id, d.delivered_at IS NOT NULL AS delivered,
    w.url, w.secret, CASE WHEN w.old_secret_until > clock_timestamp() THEN w.old_secret END AS old_secret, w.headers,
    w.enabled, CAST(extract(epoch FROM w.pace) AS float) AS seconds_each, w.failures,
    CAST(extract(epoch FROM w.paused_until - clock_timestamp()) AS float) AS paused,
    CAST(extract(epoch FROM clock_timestamp()) AS float) AS now,
    e.organization_id, e.sequence, e.id AS event_id, e.type, e.created_at, CAST(e.data AS text) AS data
FROM deliveries AS d JOIN webhooks AS w ON w.id = d.webhook_id
LEFT JOIN events AS e ON e.organization_id = d.organization_id AND e.sequence = d.sequence
WHERE d.id = ANY(CAST(%(ids)s AS bigint[]))
