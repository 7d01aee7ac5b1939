-- How many seconds old this snapshot of a standby is at the most: the primary noted its clock in it (follow_clock).
-- Negative if the clocks of the two differ.
SELECT CAST(extract(epoch FROM clock_timestamp() - clock_seen) AS float) AS age FROM relay_state
