-- Who has made or changed the client, as far as the audit log says.
SELECT actor, actor_name, action, created_at FROM audit_log
WHERE organization_id = %(organization_id)s AND target = ANY(CAST(%(targets)s AS text[])) ORDER BY id
