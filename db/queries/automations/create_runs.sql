-- Runs whose ids were drawn before, each to do what its automation says now; one without a job is stopped and over.
INSERT INTO automation_runs (id, organization_id, automation_id, version, sequence, event_id, slot, chain, job_id, error,
    status, ended_at, actions)
OVERRIDING SYSTEM VALUE
SELECT run.id, %(organization_id)s, automation_id, version, sequence, event_id, slot, CAST(chain AS jsonb), job_id, error,
    CASE WHEN job_id IS NULL THEN 'stopped' ELSE 'pending' END,
    CASE WHEN job_id IS NULL THEN clock_timestamp() END, actions
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(automation_ids)s AS bigint[]), CAST(%(sequences)s AS bigint[]),
    CAST(%(event_ids)s AS uuid[]), CAST(%(slots)s AS timestamptz[]), CAST(%(chains)b AS text[]),
    CAST(%(job_ids)s AS bigint[]), CAST(%(errors)b AS text[])
) AS run (id, automation_id, sequence, event_id, slot, chain, job_id, error)
JOIN automations ON automations.id = automation_id
