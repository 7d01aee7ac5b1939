-- The outbox, and what relays know together. A row of it is small and changes often: hence the free space in each page.
CREATE TABLE outbox (
    job_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL,
    kind text NOT NULL,
    lane text NOT NULL,
    priority integer NOT NULL,
    group_key text NOT NULL,
    group_limit integer CHECK (group_limit >= 1),
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX outbox_turn_idx ON outbox (lane, priority, organization_id, kind, due_at, job_id);

-- The jobs in flight are those published lately: a scan by this index passes over no entry that was deleted before.
CREATE INDEX outbox_published_idx ON outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE relay_state (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    listening boolean NOT NULL DEFAULT false,
    reaches_broker boolean NOT NULL DEFAULT true,
    reported_at timestamptz,
    mended_to bigint NOT NULL DEFAULT 0,
    swept_to timestamptz NOT NULL DEFAULT '-infinity',
    clock_seen timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 10);

INSERT INTO relay_state DEFAULT VALUES;

CREATE TABLE pauses (
    what text NOT NULL CHECK (what IN ('lane', 'kind')),
    name text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (what, name)
);
