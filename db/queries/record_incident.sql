INSERT INTO incidents AS i (name, count) VALUES (:name, :count)
ON CONFLICT (name) DO UPDATE SET count = i.count + :count, last_at = clock_timestamp()
