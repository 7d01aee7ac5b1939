-- Organizations and the keys that open their data.
CREATE TABLE organizations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    currency_code text NOT NULL DEFAULT 'EUR',
    weight smallint NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 100),
    max_running integer CHECK (max_running >= 1),
    -- Quotas of its own; NULL means the installation's.
    max_requests_per_second integer CHECK (max_requests_per_second >= 1),
    max_stored_mb integer CHECK (max_stored_mb >= 1),
    max_templates integer CHECK (max_templates >= 1),
    max_invoices_per_day integer CHECK (max_invoices_per_day >= 1),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE api_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    operator boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
);
