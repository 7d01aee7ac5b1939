-- Note whether automations ask for the events of an organization, whose stream is locked.
UPDATE event_streams SET automated = EXISTS (
    SELECT FROM automations WHERE organization_id = %(organization_id)s AND event_type IS NOT NULL)
WHERE organization_id = %(organization_id)s
