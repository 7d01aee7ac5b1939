-- The processes of the installation, by their own word. Each says every two seconds that it lives, so its row changes
-- often: hence the free space. After a crash of the server or a failover the table is empty, and filled again at once.
CREATE UNLOGGED TABLE processes (
    name text PRIMARY KEY,
    part text NOT NULL CHECK (part IN ('api', 'relay', 'worker', 'beat')),
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    lanes text[] NOT NULL,
    kinds text[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    silent_at timestamptz
) WITH (fillfactor = 50);
