-- Products, locations, stock with its movements, and the order documents that move it.
CREATE TABLE products (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    sku text NOT NULL CHECK (sku <> ''),
    compared_sku text NOT NULL CHECK (compared_sku <> ''),
    name text NOT NULL CHECK (name <> ''),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT products_sku_key UNIQUE (organization_id, compared_sku)
);

CREATE TABLE locations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    name text NOT NULL CHECK (name <> ''),
    compared_name text NOT NULL CHECK (compared_name <> ''),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT locations_name_key UNIQUE (organization_id, compared_name)
);

CREATE TABLE stock (
    location_id bigint NOT NULL REFERENCES locations,
    product_id bigint NOT NULL REFERENCES products,
    organization_id bigint NOT NULL REFERENCES organizations,
    quantity numeric(28, 4) NOT NULL CHECK (quantity >= 0),
    value numeric(28, 4) NOT NULL CHECK (value >= 0),
    PRIMARY KEY (location_id, product_id)
) WITH (fillfactor = 70);

CREATE TABLE document_numbers (
    organization_id bigint NOT NULL REFERENCES organizations,
    prefix text NOT NULL,
    month text NOT NULL,
    last_number integer NOT NULL,
    PRIMARY KEY (organization_id, prefix, month)
) WITH (fillfactor = 50);

CREATE TABLE transfers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    number text NOT NULL,
    job_id bigint,
    undo_job_id bigint,
    notes text,
    from_location_id bigint NOT NULL REFERENCES locations,
    to_location_id bigint NOT NULL REFERENCES locations,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'sent', 'completed', 'undoing')),
    sent_at timestamptz,
    completed_at timestamptz,
    CHECK (from_location_id <> to_location_id),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (organization_id, number)
);

CREATE TABLE transfer_lines (
    transfer_id bigint NOT NULL REFERENCES transfers,
    line_number integer NOT NULL CHECK (line_number >= 1),
    product_id bigint NOT NULL REFERENCES products,
    quantity numeric(19, 4) NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (transfer_id, line_number)
);

CREATE TABLE sales (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    number text NOT NULL,
    job_id bigint,
    undo_job_id bigint,
    notes text,
    location_id bigint NOT NULL REFERENCES locations,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'completed', 'refused', 'undoing')),
    completed_at timestamptz,
    subtotal numeric(19, 4) NOT NULL,
    tax_total numeric(19, 4) NOT NULL,
    total numeric(19, 4) NOT NULL CHECK (total = subtotal + tax_total),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (organization_id, number)
);

CREATE TABLE sale_lines (
    sale_id bigint NOT NULL REFERENCES sales,
    line_number integer NOT NULL CHECK (line_number >= 1),
    product_id bigint NOT NULL REFERENCES products,
    quantity numeric(19, 4) NOT NULL CHECK (quantity > 0),
    unit_price numeric(19, 6) NOT NULL CHECK (unit_price >= 0),
    tax_rate numeric(7, 4) NOT NULL CHECK (tax_rate >= 0),
    line_subtotal numeric(19, 4) NOT NULL CHECK (line_subtotal >= 0),
    line_tax numeric(19, 4) NOT NULL CHECK (line_tax >= 0),
    PRIMARY KEY (sale_id, line_number)
);

CREATE TABLE purchases (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    number text NOT NULL,
    job_id bigint,
    undo_job_id bigint,
    notes text,
    location_id bigint NOT NULL REFERENCES locations,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'approved', 'undoing')),
    approved_at timestamptz,
    total numeric(19, 4) NOT NULL CHECK (total >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (organization_id, number)
);

CREATE TABLE purchase_lines (
    purchase_id bigint NOT NULL REFERENCES purchases,
    line_number integer NOT NULL CHECK (line_number >= 1),
    product_id bigint NOT NULL REFERENCES products,
    quantity numeric(19, 4) NOT NULL CHECK (quantity > 0),
    unit_cost numeric(19, 6) NOT NULL CHECK (unit_cost >= 0),
    line_total numeric(19, 4) NOT NULL CHECK (line_total >= 0),
    PRIMARY KEY (purchase_id, line_number)
);

CREATE TABLE movements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    location_id bigint NOT NULL REFERENCES locations,
    product_id bigint NOT NULL REFERENCES products,
    quantity numeric(28, 4) NOT NULL CHECK (quantity <> 0),
    value numeric(28, 4) NOT NULL,
    document_type text NOT NULL CHECK (document_type IN ('transfer', 'sale', 'purchase')),
    document_id bigint NOT NULL,
    line_number integer NOT NULL,
    step text NOT NULL CHECK (step IN ('send', 'complete', 'sell', 'receive')),
    round integer NOT NULL DEFAULT 1 CHECK (round >= 1),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT movements_line_key UNIQUE (document_type, document_id, step, line_number, round)
);

-- Goods that nobody else may take: with a job those that it will take out, without one those that have come in by a
-- document of which not all is in yet.
CREATE TABLE reservations (
    document_type text NOT NULL,
    document_id bigint NOT NULL,
    line_number integer NOT NULL,
    organization_id bigint NOT NULL REFERENCES organizations,
    location_id bigint NOT NULL,
    product_id bigint NOT NULL,
    quantity numeric(19, 4) NOT NULL CHECK (quantity > 0),
    value numeric(28, 4),
    job_id bigint,
    PRIMARY KEY (document_type, document_id, line_number),
    FOREIGN KEY (location_id, product_id) REFERENCES stock,
    CHECK ((job_id IS NULL) = (value IS NOT NULL))
);

CREATE INDEX reservations_stock_idx ON reservations (location_id, product_id);

CREATE INDEX reservations_job_idx ON reservations (job_id) WHERE job_id IS NOT NULL;

-- Goods that have come in by half of a document are nobody's yet: `own` and `own_value` leave them out.
CREATE VIEW stock_levels AS
SELECT s.location_id, s.product_id, s.organization_id, s.quantity, s.value, r.reserved,
    s.quantity - r.held AS own, s.value - r.held_value AS own_value
FROM stock AS s CROSS JOIN LATERAL (
    SELECT coalesce(sum(quantity), 0) AS reserved, coalesce(sum(quantity) FILTER (WHERE job_id IS NULL), 0) AS held,
        coalesce(sum(value), 0) AS held_value
    FROM reservations WHERE location_id = s.location_id AND product_id = s.product_id
) AS r;

-- However a job ends that has not moved all its lines, what it had reserved is available again in the same commit.
CREATE FUNCTION release_reservations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM reservations WHERE job_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER release_reservations AFTER UPDATE OF status ON open_jobs FOR EACH ROW
WHEN (NEW.status IN ('FAILED', 'CANCELLED')) EXECUTE FUNCTION release_reservations();

CREATE INDEX products_organization_idx ON products (organization_id, id);

CREATE INDEX locations_organization_idx ON locations (organization_id, id);

CREATE INDEX transfers_organization_idx ON transfers (organization_id, id);

CREATE INDEX sales_organization_idx ON sales (organization_id, id);

CREATE INDEX purchases_organization_idx ON purchases (organization_id, id);

CREATE INDEX movements_stock_idx ON movements (location_id, product_id, id);

CREATE TRIGGER frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON movements EXECUTE FUNCTION refuse_change();
