-- Events say which addresses a relay has refused.
WITH numbered AS (
    UPDATE events SET data = data - 'refused' WHERE organization_id = %(organization_id)s AND type = 'mail.refused'
      AND CAST(data ->> 'mailId' AS bigint) = ANY(CAST(%(mail_ids)s AS bigint[])) AND data ? 'refused' RETURNING id
), pending AS (
    UPDATE pending_events SET data = data - 'refused' WHERE organization_id = %(organization_id)s
      AND type = 'mail.refused' AND CAST(data ->> 'mailId' AS bigint) = ANY(CAST(%(mail_ids)s AS bigint[]))
      AND data ? 'refused' RETURNING id
)
SELECT id FROM numbered UNION ALL SELECT CAST(NULL AS uuid) FROM pending
