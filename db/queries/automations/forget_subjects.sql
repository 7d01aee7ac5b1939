-- Forget subjects for which the conditions of their automations no longer hold.
DELETE FROM automation_subjects WHERE (automation_id, subject) IN (
    SELECT * FROM unnest(CAST(%(automation_ids)s AS bigint[]), CAST(%(subjects)s AS bigint[])))
