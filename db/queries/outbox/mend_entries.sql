-- A PENDING job has one outbox entry and no other job has one; put right what a stale snapshot or a hand left otherwise.
-- Looks at a bounded number of jobs from where it stopped the last time, so that it costs the same in any backlog.
WITH span AS MATERIALIZED (
    SELECT mended_to AS low, (
        SELECT max(id) FROM (SELECT id FROM open_jobs WHERE id > mended_to ORDER BY id LIMIT %(limit)s) AS next
        HAVING count(*) = %(limit)s) AS high
    FROM relay_state
), orphan AS (
    DELETE FROM outbox WHERE job_id > (SELECT low FROM span)
        AND job_id <= (SELECT coalesce(high, 9223372036854775807) FROM span)
        AND NOT EXISTS (SELECT FROM open_jobs WHERE id = job_id AND status = 'PENDING')
    RETURNING job_id
), missing AS (
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at)
    SELECT id, organization_id, kind, lane, priority, group_key, available_at FROM open_jobs
    WHERE id > (SELECT low FROM span) AND id <= (SELECT coalesce(high, 9223372036854775807) FROM span)
        AND status = 'PENDING' AND NOT EXISTS (SELECT FROM outbox WHERE job_id = id)
    ON CONFLICT DO NOTHING
    RETURNING job_id
), moved AS (
    UPDATE relay_state SET mended_to = coalesce(high, 0) FROM span WHERE mended_to <> coalesce(high, 0)
)
SELECT job_id FROM orphan UNION ALL SELECT job_id FROM missing
