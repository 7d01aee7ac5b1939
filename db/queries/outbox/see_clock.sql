-- Note how far the clock has come, once the note is two seconds old; return by how many seconds it was put back since.
-- Only when all that waits is `realigned` does the note follow the clock back, do sweeps begin from the first lease, and
-- does a process seen by the old time count as seen now.
WITH seen AS (
    SELECT clock_seen, clock_timestamp() AS now FROM relay_state
), noted AS (
    UPDATE relay_state SET clock_seen = now, swept_to = CASE WHEN %(realigned)s THEN '-infinity' ELSE swept_to END
    FROM seen WHERE %(realigned)s OR seen.clock_seen < now - interval '2 seconds'
), alive AS (
    UPDATE processes SET seen_at = clock_timestamp(), steady_since = least(steady_since, clock_timestamp())
    WHERE %(realigned)s AND seen_at > clock_timestamp()
)
SELECT CAST(greatest(0, extract(epoch FROM clock_seen - now)) AS float) AS behind FROM seen
