-- Deliveries whose ids were drawn before, each with the job that sends it.
INSERT INTO deliveries (id, organization_id, webhook_id, sequence, job_id) OVERRIDING SYSTEM VALUE
SELECT id, %(organization_id)s, webhook_id, sequence, job_id
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(webhook_ids)s AS bigint[]), CAST(%(sequences)s AS bigint[]),
    CAST(%(job_ids)s AS bigint[])) AS t (id, webhook_id, sequence, job_id)
