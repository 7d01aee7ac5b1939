-- The name itself if the server knows the time zone: it is the server that asks which day it is there.
SELECT name FROM pg_timezone_names WHERE name = %(name)s
