-- A digest of the newest jobs of each organization, which is another as soon as one of them changes.
SELECT organization_id, (
    SELECT md5(string_agg(concat_ws(',', id, status, progress, attempts), ' ')) FROM (
        SELECT id, status, progress, attempts FROM jobs AS j WHERE j.organization_id = o.organization_id
        ORDER BY id DESC LIMIT %(jobs)s
    ) AS newest
) AS digest
FROM unnest(CAST(%(organization_ids)s AS bigint[])) AS o (organization_id)
