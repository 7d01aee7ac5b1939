-- Suppliers with their number series, and clients.
CREATE TABLE suppliers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    name text NOT NULL CHECK (name <> ''),
    address_line1 text NOT NULL,
    address_line2 text,
    city text NOT NULL,
    region text,
    postal_code text,
    country text NOT NULL,
    tax_id text,
    vat_id text,
    email text,
    phone text,
    locale_code text NOT NULL DEFAULT 'en_US',
    currency_code text NOT NULL DEFAULT 'EUR',
    default_tax_rate numeric(7, 4) NOT NULL DEFAULT 0 CHECK (default_tax_rate >= 0),
    default_template_id bigint REFERENCES templates,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX suppliers_organization_idx ON suppliers (organization_id, id);

CREATE TABLE number_series (
    supplier_id bigint NOT NULL REFERENCES suppliers,
    code text NOT NULL DEFAULT 'invoice',
    prefix text NOT NULL DEFAULT 'INV-',
    digits smallint NOT NULL DEFAULT 6 CHECK (digits BETWEEN 1 AND 18),
    start_number bigint NOT NULL DEFAULT 1 CHECK (start_number >= 1),
    last_number bigint NOT NULL DEFAULT 0 CHECK (last_number >= 0),
    last_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(last_hash) = 32),
    -- The content of its invoices; the day (UTC) of the last one, and the number before the first one of that day.
    stored_bytes bigint NOT NULL DEFAULT 0 CHECK (stored_bytes >= 0),
    day date,
    day_start bigint NOT NULL DEFAULT 0 CHECK (day_start >= 0)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- A statement finds the newest version of a counter, which has the highest number, without passing over the older ones
-- that a held snapshot keeps.
CREATE INDEX number_series_newest_idx ON number_series (supplier_id, code, last_number);

-- With a primary key PostgreSQL would compare each new version with all the older ones. So only a counter that was
-- never used is unique here; the numbers of the invoices are unique by themselves.
CREATE UNIQUE INDEX number_series_new_key ON number_series (supplier_id, code) WHERE last_number = 0;

-- A publication of all tables refuses changes of a table whose rows it cannot tell apart.
ALTER TABLE number_series REPLICA IDENTITY FULL;

CREATE TABLE clients (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    name text NOT NULL CHECK (name <> ''),
    address_line1 text NOT NULL,
    address_line2 text,
    city text NOT NULL,
    region text,
    postal_code text,
    country text NOT NULL,
    tax_id text,
    vat_id text,
    email text,
    phone text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    -- The ids as they are compared, whatever their spelling.
    tax_key text CHECK (tax_key IS NULL OR tax_id IS NOT NULL),
    vat_key text CHECK (vat_key IS NULL OR vat_id IS NOT NULL)
);

CREATE UNIQUE INDEX clients_tax_id_key ON clients (organization_id, tax_key) WHERE deleted_at IS NULL;

-- Companies of a VAT group share a VAT id; their tax ids tell them apart.
CREATE UNIQUE INDEX clients_vat_id_key ON clients (organization_id, vat_key, tax_key) NULLS NOT DISTINCT
    WHERE deleted_at IS NULL AND vat_key IS NOT NULL;

CREATE INDEX clients_organization_idx ON clients (organization_id, id);
