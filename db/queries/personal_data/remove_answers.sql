-- Answers that are kept to be given again: from now on the key is told that its answer is gone, and no work is done twice.
UPDATE idempotency_keys SET status_code = 410, response = CAST(%(gone)s AS jsonb)
WHERE organization_id = %(organization_id)s AND status_code <> 410 AND EXISTS (
    SELECT FROM unnest(CAST(%(needles)s AS text[])) AS needle WHERE position(needle IN CAST(response AS text)) > 0)
RETURNING key
