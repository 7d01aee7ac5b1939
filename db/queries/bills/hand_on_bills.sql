-- Give bills the jobs that go on with them.
UPDATE bills SET job_id = next.job_id
FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(job_ids)s AS bigint[])) AS next (id, job_id)
WHERE bills.id = next.id
