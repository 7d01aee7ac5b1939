-- Count the runs of an automation that failed since the last that succeeded, and return it if there are any.
UPDATE automations SET failures = %(failed)s + CASE WHEN %(anew)s THEN 0 ELSE failures END
WHERE id = %(id)s AND (failures > 0 OR %(failed)s > 0)
RETURNING failures, enabled, organization_id
