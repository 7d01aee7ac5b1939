-- The processes of the installation, by their own word. Each says every two seconds that it lives, so its row changes
-- often: hence the free space.
CREATE TABLE processes (
    name text PRIMARY KEY,
    part text NOT NULL CHECK (part IN ('api', 'relay', 'worker', 'beat')),
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    lanes text[] NOT NULL,
    kinds text[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    steady_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    silent_at timestamptz,
    ahead_seconds double precision
) WITH (fillfactor = 50);
