-- Have the organization be told of events from now on, if it has not asked before.
INSERT INTO event_streams (organization_id) VALUES (%(organization_id)s) ON CONFLICT (organization_id) DO NOTHING
