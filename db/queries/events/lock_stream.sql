-- One at a time numbers the events of an organization.
SELECT last_sequence, automated FROM event_streams WHERE organization_id = %(organization_id)s FOR NO KEY UPDATE
