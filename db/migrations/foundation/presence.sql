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

-- Each lane's canary: a message without a job that the relay sends every minute. `unanswered_since` is when the first was
-- sent that no worker has answered.
CREATE TABLE canaries (
    lane text PRIMARY KEY,
    sent_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    unanswered_since timestamptz DEFAULT clock_timestamp(),
    answered_at timestamptz,
    worker text
) WITH (fillfactor = 50);
