-- Those of the given subjects for which the conditions of their automations held the last time.
SELECT automation_id, subject FROM automation_subjects
WHERE (automation_id, subject) IN (
    SELECT * FROM unnest(CAST(%(automation_ids)s AS bigint[]), CAST(%(subjects)s AS bigint[])))
