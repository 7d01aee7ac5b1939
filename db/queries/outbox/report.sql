-- Say that a relay runs, whether an intake should wake it by NOTIFY, and whether it reaches the broker.
-- Writes only when that changes, or when the report is two seconds old.
UPDATE relay_state
SET listening = %(listening)s, reaches_broker = %(reaches_broker)s, reported_at = clock_timestamp()
WHERE (listening, reaches_broker) <> (%(listening)s, %(reaches_broker)s)
    OR coalesce(reported_at NOT BETWEEN clock_timestamp() - interval '2 seconds' AND clock_timestamp(), true)
