-- The first answer to each Idempotency-Key.
CREATE TABLE idempotency_keys (
    organization_id bigint NOT NULL REFERENCES organizations,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status_code smallint NOT NULL,
    response jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organization_id, key)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
