-- checkpoint: PROCESSING -> PROCESSING
-- checkpoint: PROCESSING -> CANCELLED
-- Keep the work done so far and begin the lease anew, unless somebody has asked to cancel. Who has come further is at
-- the first attempt again, with no hand-backs: both are counted for each stretch that did not get done.
UPDATE open_jobs
SET status = CASE WHEN cancel_requested THEN 'CANCELLED' ELSE status END,
    attempts = CASE WHEN progress < %(progress)s THEN 1 ELSE attempts END,
    hand_backs = CASE WHEN progress < %(progress)s THEN 0 ELSE hand_backs END,
    progress = %(progress)s, total = coalesce(%(total)s, total),
    lease_token = CASE WHEN NOT cancel_requested THEN lease_token END,
    lease_expires_at = CASE WHEN NOT cancel_requested THEN clock_timestamp() + make_interval(secs => %(lease)s) END,
    completed_at = CASE WHEN cancel_requested THEN clock_timestamp() END
WHERE id = %(id)s AND status = 'PROCESSING' AND lease_token = %(token)s
RETURNING status, attempts, hand_backs
