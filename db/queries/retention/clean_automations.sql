-- Delete runs, the jobs that they caused and subjects, past the retention of events, a bounded number of each at a time.
WITH run AS (
    DELETE FROM automation_runs WHERE id = ANY(ARRAY(
        SELECT id FROM automation_runs WHERE created_at < statement_timestamp() - make_interval(days => %(days)s)
        ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING id
), job AS (
    DELETE FROM automation_jobs WHERE (organization_id, job_id) IN (
        SELECT organization_id, job_id FROM automation_jobs
        WHERE created_at < statement_timestamp() - make_interval(days => %(days)s)
        ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING job_id
), subject AS (
    DELETE FROM automation_subjects WHERE (automation_id, subject) IN (
        SELECT automation_id, subject FROM automation_subjects
        WHERE created_at < statement_timestamp() - make_interval(days => %(days)s)
        ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING subject
)
SELECT id FROM run UNION ALL SELECT job_id FROM job UNION ALL SELECT subject FROM subject
