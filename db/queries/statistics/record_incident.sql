INSERT INTO incidents AS i (name, count) VALUES (%(name)s, %(count)s)
ON CONFLICT (name) DO UPDATE SET count = i.count + %(count)s, last_at = clock_timestamp()
