-- Note for which subjects the conditions of their automations hold now.
INSERT INTO automation_subjects (automation_id, subject)
SELECT * FROM unnest(CAST(%(automation_ids)s AS bigint[]), CAST(%(subjects)s AS bigint[]))
ON CONFLICT (automation_id, subject) DO NOTHING
