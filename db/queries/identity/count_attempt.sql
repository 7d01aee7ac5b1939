-- One more attempt to log in if its counter has room for it; so many an hour are forgotten.
INSERT INTO login_attempts AS known (counter, per_hour, level) VALUES (%(counter)s, %(per_hour)s, 1)
ON CONFLICT (counter) DO UPDATE SET counted_at = clock_timestamp(), level = 1 + greatest(0, known.level
    - known.per_hour / 3600.0 * extract(epoch FROM clock_timestamp() - known.counted_at))
WHERE known.level - known.per_hour / 3600.0 * extract(epoch FROM clock_timestamp() - known.counted_at)
    <= known.per_hour - 1
RETURNING counter
