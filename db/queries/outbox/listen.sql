-- Say whether an intake should wake the relay by NOTIFY; writes only when that changes.
UPDATE relay_state SET listening = %(listening)s WHERE listening <> %(listening)s
