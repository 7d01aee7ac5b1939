-- Drop the partition of the week that begins on a Monday, with the attempts of its jobs.
SELECT drop_week(%(week)s)
