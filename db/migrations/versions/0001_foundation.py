"""Organizations, parties, number series, templates, invoices, the queue and its outbox."""

from alembic import op

revision = "0001"
down_revision = None

PARTY = """
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
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
"""

TENANTS = (
    """
    CREATE TABLE organizations (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL CHECK (name <> ''),
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    """
    CREATE TABLE api_keys (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        name text NOT NULL,
        key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        revoked_at timestamptz
    )
    """,
    """
    CREATE TABLE idempotency_keys (
        organization_id bigint NOT NULL REFERENCES organizations,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        status_code smallint NOT NULL,
        response jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (organization_id, key)
    )
    """,
    "CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at)",
)

PARTIES = (
    """
    CREATE TABLE template_sources (
        hash bytea PRIMARY KEY CHECK (hash = sha256(convert_to(html, 'UTF8'))),
        html text NOT NULL
    )
    """,
    """
    CREATE TABLE templates (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        name text NOT NULL CHECK (name <> ''),
        source_hash bytea NOT NULL REFERENCES template_sources,
        is_default boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE UNIQUE INDEX templates_default_key ON templates (organization_id) WHERE is_default",
    "CREATE INDEX templates_organization_idx ON templates (organization_id, id)",
    f"""
    CREATE TABLE suppliers ({PARTY},
        locale_code text NOT NULL DEFAULT 'en_US',
        currency_code text NOT NULL DEFAULT 'EUR',
        default_tax_rate numeric(7, 4) NOT NULL DEFAULT 0 CHECK (default_tax_rate >= 0),
        default_template_id bigint REFERENCES templates
    )
    """,
    "CREATE INDEX suppliers_organization_idx ON suppliers (organization_id, id)",
    """
    CREATE TABLE number_series (
        supplier_id bigint NOT NULL REFERENCES suppliers,
        code text NOT NULL DEFAULT 'invoice',
        prefix text NOT NULL DEFAULT 'INV-',
        digits smallint NOT NULL DEFAULT 6 CHECK (digits BETWEEN 1 AND 18),
        start_number bigint NOT NULL DEFAULT 1 CHECK (start_number >= 1),
        last_number bigint NOT NULL DEFAULT 0 CHECK (last_number >= 0),
        last_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(last_hash) = 32),
        PRIMARY KEY (supplier_id, code)
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
    """,
    f"CREATE TABLE clients ({PARTY}, deleted_at timestamptz)",
    "CREATE UNIQUE INDEX clients_tax_id_key ON clients (organization_id, tax_id) WHERE deleted_at IS NULL",
    "CREATE UNIQUE INDEX clients_vat_id_key ON clients (organization_id, vat_id) WHERE deleted_at IS NULL",
    "CREATE INDEX clients_organization_idx ON clients (organization_id, id)",
)

INVOICES = (
    """
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
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CHECK (status <> 'unpaid' OR due_date IS NOT NULL),
        UNIQUE (supplier_id, series_code, number)
    )
    """,
    "CREATE INDEX invoices_organization_idx ON invoices (organization_id, id)",
    "CREATE INDEX invoices_unpaid_idx ON invoices (organization_id, id) WHERE status = 'unpaid'",
    "CREATE INDEX invoices_number_idx ON invoices (organization_id, invoice_number)",
    "CREATE INDEX invoices_export_idx ON invoices (supplier_id, issue_date)",
    """
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
    )
    """,
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is frozen: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE FUNCTION refuse_invoice_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF to_jsonb(NEW) - '{status,updated_at}'::text[] IS DISTINCT FROM to_jsonb(OLD) - '{status,updated_at}'::text[]
           OR (NEW.status <> OLD.status AND (OLD.status, NEW.status) <> ('unpaid', 'issued')) THEN
            RAISE EXCEPTION 'invoice % is issued and frozen', OLD.invoice_number USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    # A line belongs to the transaction that issued its invoice; later it would change what was issued.
    """
    CREATE FUNCTION refuse_late_lines() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM added JOIN invoices ON id = invoice_id WHERE invoices.xmin <> pg_current_xact_id()::xid)
        THEN
            RAISE EXCEPTION 'an issued invoice gets no more lines' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER complete AFTER INSERT ON invoice_items REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_lines()
    """,
    "CREATE TRIGGER frozen BEFORE UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION refuse_invoice_change()",
    "CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON invoices EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_items EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON template_sources EXECUTE FUNCTION refuse_change()",
)

QUEUE = (
    """
    CREATE TABLE jobs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        kind text NOT NULL,
        lane text NOT NULL CHECK (lane IN ('urgent', 'default', 'io')),
        priority integer NOT NULL DEFAULT 1,
        group_key text NOT NULL DEFAULT '',
        payload jsonb NOT NULL,
        status text NOT NULL DEFAULT 'PENDING',
        attempts smallint NOT NULL DEFAULT 0,
        max_attempts smallint NOT NULL CHECK (max_attempts >= 1),
        available_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        lease_token uuid,
        lease_expires_at timestamptz,
        error text,
        result jsonb,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        started_at timestamptz,
        completed_at timestamptz,
        CONSTRAINT jobs_status_check CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
        CONSTRAINT jobs_attempts_check CHECK (attempts BETWEEN 0 AND max_attempts),
        CONSTRAINT jobs_lease_check CHECK (
            (status = 'PROCESSING') = (lease_token IS NOT NULL AND lease_expires_at IS NOT NULL)),
        CONSTRAINT jobs_completed_at_check CHECK (
            (status IN ('COMPLETED', 'FAILED', 'CANCELLED')) = (completed_at IS NOT NULL)),
        CONSTRAINT jobs_error_check CHECK (status <> 'FAILED' OR error IS NOT NULL)
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)
    """,
    "CREATE INDEX jobs_organization_idx ON jobs (organization_id, id)",
    "CREATE INDEX jobs_lease_idx ON jobs (lease_expires_at) WHERE lease_expires_at IS NOT NULL",
    "CREATE INDEX jobs_pending_idx ON jobs (id) WHERE status = 'PENDING'",
    "CREATE INDEX jobs_completed_at_idx ON jobs (completed_at) WHERE completed_at IS NOT NULL",
    """
    CREATE TABLE outbox (
        job_id bigint PRIMARY KEY REFERENCES jobs,
        kind text NOT NULL,
        lane text NOT NULL,
        priority integer NOT NULL,
        group_key text NOT NULL,
        alone boolean NOT NULL DEFAULT false,
        due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        published_at timestamptz
    ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
    """,
    "CREATE INDEX outbox_due_idx ON outbox (lane, priority DESC, due_at, job_id)",
    "CREATE INDEX outbox_published_idx ON outbox (lane) WHERE published_at IS NOT NULL",
    """
    CREATE TABLE relay_state (
        id boolean PRIMARY KEY DEFAULT true CHECK (id),
        listening boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 10)
    """,
    "INSERT INTO relay_state DEFAULT VALUES",
    """
    CREATE TABLE incidents (
        name text PRIMARY KEY,
        count bigint NOT NULL,
        last_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
)

TABLES = (
    "incidents", "relay_state", "outbox", "jobs", "invoice_items", "invoices", "clients", "number_series",
    "suppliers", "templates", "template_sources", "idempotency_keys", "api_keys", "organizations",
)  # fmt: skip


def upgrade() -> None:
    for statement in TENANTS + PARTIES + INVOICES + QUEUE:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_invoice_change(), refuse_late_lines(), refuse_change()")
