-- Drop the partition of the week that begins on a Monday; one of completed jobs with the attempts of its jobs.
SELECT drop_week(%(parent)s, %(week)s)
