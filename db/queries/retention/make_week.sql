-- Make a partition for the week that begins on a Monday, if there is none.
SELECT make_week(%(parent)s, %(week)s)
