"""Bills: the invoices that an organization receives, what is known of who sends them, and their accounts."""

from alembic import op

revision = "0011"
down_revision = "0010"

SOURCES = "'invoice', 'sale', 'purchase', 'transfer', 'payment'"
CHECK = """ALTER TABLE accounting_sources DROP CONSTRAINT accounting_sources_source_type_check,
    ADD CHECK (source_type IN ({}))"""
ACCOUNTS = """INSERT INTO accounts (organization_id, code, name, type)
    SELECT id, code, account.name, type FROM organizations CROSS JOIN (VALUES
        ('1400', 'Input tax', 'asset'), ('6000', 'General expenses', 'expense'),
        ('6100', 'Materials and goods', 'expense'), ('6200', 'Services', 'expense'),
        ('6300', 'Rent and energy', 'expense'), ('6400', 'Office and communication', 'expense'),
        ('6500', 'Travel', 'expense'), ('6600', 'Vehicles', 'expense')
    ) AS account (code, name, type)
    ON CONFLICT DO NOTHING"""
# Whoever ends its job, and whichever way: a bill that nobody works on any more says so.
FAIL_BILL = """CREATE FUNCTION fail_bill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH failed AS (
        UPDATE bills SET status = 'error', updated_at = clock_timestamp(), message = CASE NEW.status
            WHEN 'CANCELLED' THEN 'its job was cancelled: process the bill again'
            ELSE coalesce(NEW.error, 'its job failed') END
        WHERE job_id = NEW.id AND status IN ('received', 'processing')
        RETURNING id, organization_id, file_name, message
    ) INSERT INTO pending_events (organization_id, type, data)
    SELECT organization_id, 'bill.failed',
        jsonb_build_object('billId', failed.id, 'fileName', file_name, 'error', message)
    FROM failed JOIN event_streams USING (organization_id);
    RETURN NULL;
END $$"""
UP = (
    CHECK.format(f"{SOURCES}, 'bill'"),
    ACCOUNTS,
    """CREATE TABLE bills (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        sha256 bytea NOT NULL,
        file_name text NOT NULL,
        source text NOT NULL CHECK (source IN ('upload', 'mailbox')),
        status text NOT NULL DEFAULT 'received'
            CHECK (status IN ('received', 'processing', 'processed', 'needs_review', 'error', 'approved', 'rejected')),
        message text,
        job_id bigint,
        reading bytea,
        page_count integer,
        fields jsonb NOT NULL DEFAULT '{}',
        checks jsonb NOT NULL DEFAULT '[]',
        supplier_key text,
        number_key text,
        issue_date date,
        currency_code text,
        subtotal numeric(28, 4),
        tax_total numeric(28, 4),
        total numeric(28, 4),
        account_code text,
        decided_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        UNIQUE (organization_id, sha256),
        FOREIGN KEY (organization_id, sha256) REFERENCES files,
        FOREIGN KEY (organization_id, account_code) REFERENCES accounts,
        CHECK (status <> 'approved' OR (account_code IS NOT NULL AND decided_at IS NOT NULL AND issue_date IS NOT NULL
            AND currency_code IS NOT NULL AND subtotal + tax_total = total))
    )""",
    "CREATE INDEX bills_status_idx ON bills (organization_id, status, id)",
    "CREATE INDEX bills_number_idx ON bills (organization_id, supplier_key, number_key)",
    "CREATE INDEX bills_job_idx ON bills (job_id) WHERE status IN ('received', 'processing')",
    # Known by the canonical VAT id, else by the tax id, the IBAN or the name.
    """CREATE TABLE bill_suppliers (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        key text NOT NULL,
        name text,
        vat_id text,
        tax_id text,
        ibans text[] NOT NULL DEFAULT '{}',
        currency_code text,
        last_numbers text[] NOT NULL DEFAULT '{}',
        times_seen integer NOT NULL DEFAULT 0,
        corrections jsonb NOT NULL DEFAULT '[]',
        account_code text,
        seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        UNIQUE (organization_id, key)
    )""",
    "CREATE INDEX bill_suppliers_seen_idx ON bill_suppliers (organization_id, seen_at)",
    FAIL_BILL,
    """CREATE TRIGGER fail_bill AFTER UPDATE OF status ON open_jobs FOR EACH ROW
        WHEN (NEW.status IN ('FAILED', 'CANCELLED') AND NEW.kind IN ('invoice.process', 'bill.scan', 'bill.ask'))
        EXECUTE FUNCTION fail_bill()""",
)
# What was approved is booked, and would be lost.
REFUSE = """DO $$ BEGIN
    IF EXISTS (SELECT FROM accounting_sources WHERE source_type = 'bill') THEN
        RAISE EXCEPTION 'there are approved bills: there is no way back';
    END IF;
END $$"""
DOWN = (
    REFUSE,
    "DROP TRIGGER fail_bill ON open_jobs",
    "DROP FUNCTION fail_bill",
    "DROP TABLE bill_suppliers",
    "DROP TABLE bills",
    """DELETE FROM accounts WHERE code IN ('1400', '6000', '6100', '6200', '6300', '6400', '6500', '6600')
        AND NOT EXISTS (SELECT FROM journal_lines AS line
            WHERE line.organization_id = accounts.organization_id AND line.account_code = accounts.code)""",
    CHECK.format(SOURCES),
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
