-- The clock was put back by `step` seconds. Of the next `limit` jobs after an id, those that were due already are due now,
-- those that were delayed wait for as long as was meant, or until the time that was meant, and leases end after as long as
-- was meant.
-- No lease given since can end after %(lease)s seconds from now.
WITH span AS MATERIALIZED (
    SELECT id FROM open_jobs WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
), job AS (
    UPDATE open_jobs
    SET available_at = least(available_at, greatest(statement_timestamp(), available_at - step,
            CASE WHEN attempts = 0 THEN run_at END)),
        lease_expires_at = CASE WHEN lease_expires_at > statement_timestamp() + make_interval(secs => %(lease)s)
            THEN greatest(statement_timestamp(), lease_expires_at - step) ELSE lease_expires_at END
    FROM make_interval(secs => %(step)s) AS step
    WHERE id = ANY(ARRAY(SELECT id FROM span)) AND (available_at > statement_timestamp()
        OR lease_expires_at > statement_timestamp() + make_interval(secs => %(lease)s))
), entry AS (
    UPDATE outbox
    SET due_at = least(due_at, greatest(statement_timestamp(), due_at - step,
            (SELECT run_at FROM open_jobs WHERE id = job_id AND attempts = 0))),
        published_at = least(published_at, statement_timestamp())
    FROM make_interval(secs => %(step)s) AS step
    WHERE job_id = ANY(ARRAY(SELECT id FROM span)) AND due_at > statement_timestamp()
)
SELECT max(id) AS last FROM span
