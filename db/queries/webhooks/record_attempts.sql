-- What each attempt came to, at the end of its delivery's list.
UPDATE deliveries AS d SET attempts = d.attempts || done.attempt,
    delivered_at = CASE WHEN done.delivered THEN clock_timestamp() END
FROM jsonb_to_recordset(CAST(%(attempts)s AS jsonb)) AS done (id bigint, attempt jsonb, delivered boolean)
WHERE d.id = done.id
