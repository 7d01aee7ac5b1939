-- Take up the bills that jobs have been given, unless another job has taken over or somebody has decided.
WITH owed AS (
    SELECT * FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(organization_ids)s AS bigint[]), CAST(%(job_ids)s AS bigint[]))
        AS owed (id, organization_id, job_id)
)
UPDATE bills SET status = 'processing', message = NULL, updated_at = clock_timestamp()
FROM owed, files
WHERE bills.id = owed.id AND bills.organization_id = owed.organization_id AND bills.job_id = owed.job_id
  AND files.organization_id = bills.organization_id AND files.sha256 = bills.sha256 AND bills.status IN ('received', 'processing', 'error')
RETURNING bills.id, bills.organization_id, bills.job_id, bills.file_name, bills.sha256, files.size, files.media_type,
    files.write_id, bills.reading, bills.fields, CAST(clock_timestamp() AT TIME ZONE 'UTC' AS date) AS today
