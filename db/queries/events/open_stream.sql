-- Have the organization be told of events from now on; return the number of its last one, none if it had asked before.
INSERT INTO event_streams (organization_id) VALUES (%(organization_id)s) ON CONFLICT (organization_id) DO NOTHING
RETURNING last_sequence
