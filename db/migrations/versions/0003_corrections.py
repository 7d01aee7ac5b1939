"""Credit notes, in a series of their own for each supplier, and payments recorded against invoices."""

from alembic import op

revision = "0003"
down_revision = "0002"

SOURCES = "ALTER TABLE accounting_sources DROP CONSTRAINT accounting_sources_source_type_check"
UP = (
    """ALTER TABLE invoices
        ADD document_type smallint NOT NULL DEFAULT 380 CHECK (document_type IN (380, 381)),
        ADD credited_invoice_id bigint REFERENCES invoices,
        ADD CHECK ((document_type = 381) = (credited_invoice_id IS NOT NULL))""",
    "CREATE INDEX invoices_credited_idx ON invoices (credited_invoice_id) WHERE credited_invoice_id IS NOT NULL",
    "ALTER TABLE invoice_items ADD credited_line integer",
    # The prefix is another one where the supplier's invoices could print the same number.
    """INSERT INTO number_series (supplier_id, code, pattern, chronology)
        SELECT supplier_id, 'credit', CASE rtrim(regexp_replace(upper(pattern), '[0-9]', '0', 'g'), '0')
            WHEN 'CN-' THEN 'CRN-' ELSE 'CN-' END, chronology
        FROM number_series AS own WHERE code = 'invoice' AND NOT EXISTS (
            SELECT FROM number_series AS known WHERE known.supplier_id = own.supplier_id AND known.code = 'credit')""",
    """CREATE TABLE invoice_payments (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        invoice_id bigint NOT NULL REFERENCES invoices,
        amount numeric(19, 4) NOT NULL CHECK (amount <> 0),
        paid_on date NOT NULL,
        reference text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )""",
    "CREATE INDEX invoice_payments_invoice_idx ON invoice_payments (invoice_id, id)",
    "CREATE INDEX invoice_payments_organization_idx ON invoice_payments (organization_id, id)",
    """CREATE TRIGGER frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_payments
        EXECUTE FUNCTION refuse_change()""",
    SOURCES,
    """ALTER TABLE accounting_sources
        ADD CHECK (source_type IN ('invoice', 'sale', 'purchase', 'transfer', 'payment'))""",
)
# Credit notes and payments would be lost, and with them what is booked.
REFUSE = """DO $$ BEGIN
    IF EXISTS (SELECT FROM invoices WHERE document_type <> 380) OR EXISTS (SELECT FROM invoice_payments) THEN
        RAISE EXCEPTION 'there are credit notes or payments: there is no way back';
    END IF;
END $$"""
DOWN = (
    REFUSE,
    SOURCES,
    "ALTER TABLE accounting_sources ADD CHECK (source_type IN ('invoice', 'sale', 'purchase', 'transfer'))",
    "DROP TABLE invoice_payments",
    "DELETE FROM number_series WHERE code = 'credit' AND last_number = 0",
    "ALTER TABLE invoice_items DROP credited_line",
    "ALTER TABLE invoices DROP document_type, DROP credited_invoice_id",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
