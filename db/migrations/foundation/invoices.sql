-- Issued invoices and their lines: frozen, but for their status.
CREATE TABLE invoices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    supplier_id bigint NOT NULL REFERENCES suppliers,
    series_code text NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    invoice_number text NOT NULL,
    job_id bigint UNIQUE,
    client_id bigint NOT NULL REFERENCES clients,
    template_hash bytea NOT NULL REFERENCES template_sources,
    status text NOT NULL CHECK (status IN ('issued', 'unpaid')),
    issue_date date NOT NULL,
    due_date date,
    locale_code text NOT NULL,
    currency_code text NOT NULL,
    supplier jsonb NOT NULL,
    client jsonb NOT NULL,
    subtotal numeric(19, 4) NOT NULL,
    tax_total numeric(19, 4) NOT NULL,
    total numeric(19, 4) NOT NULL CHECK (total = subtotal + tax_total),
    notes text,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    issued_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (status <> 'unpaid' OR due_date IS NOT NULL),
    UNIQUE (supplier_id, series_code, number)
);

CREATE INDEX invoices_organization_idx ON invoices (organization_id, id);

CREATE INDEX invoices_unpaid_idx ON invoices (organization_id, id) WHERE status = 'unpaid';

CREATE INDEX invoices_number_idx ON invoices (organization_id, invoice_number);

CREATE INDEX invoices_export_idx ON invoices (supplier_id, issue_date);

CREATE TABLE invoice_items (
    invoice_id bigint NOT NULL REFERENCES invoices,
    line_number integer NOT NULL CHECK (line_number >= 1),
    description text NOT NULL,
    quantity numeric(19, 4) NOT NULL CHECK (quantity > 0),
    unit_price numeric(19, 6) NOT NULL CHECK (unit_price >= 0),
    discount numeric(19, 4) NOT NULL CHECK (discount >= 0),
    tax_rate numeric(7, 4) NOT NULL CHECK (tax_rate >= 0),
    line_subtotal numeric(19, 4) NOT NULL CHECK (line_subtotal >= 0),
    line_tax numeric(19, 4) NOT NULL CHECK (line_tax >= 0),
    line_total numeric(19, 4) NOT NULL CHECK (line_total = line_subtotal + line_tax),
    PRIMARY KEY (invoice_id, line_number)
);

CREATE FUNCTION refuse_invoice_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - '{status,updated_at}'::text[] IS DISTINCT FROM to_jsonb(OLD) - '{status,updated_at}'::text[]
       OR (NEW.status <> OLD.status AND (OLD.status, NEW.status) <> ('unpaid', 'issued')) THEN
        RAISE EXCEPTION 'invoice % is issued and frozen', OLD.invoice_number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- A line belongs to the transaction that issued its invoice; later it would change what was issued. The row's xmin would
-- not do, as an UPDATE renews it.
CREATE FUNCTION refuse_late_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added JOIN invoices ON id = invoice_id WHERE issued_in <> pg_current_xact_id()::text::bigint)
    THEN
        RAISE EXCEPTION 'an issued invoice gets no more lines' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER complete AFTER INSERT ON invoice_items REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_lines();

CREATE TRIGGER frozen BEFORE UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION refuse_invoice_change();

CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON invoices EXECUTE FUNCTION refuse_change();

CREATE TRIGGER frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_items EXECUTE FUNCTION refuse_change();
