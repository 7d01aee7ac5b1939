"""What an invoice must say: tax by category, how it is paid, what it refers to; several series, and their dates.

Suppliers and series that exist keep what they had: rounding by line, and dates in any order.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

UP = (
    """ALTER TABLE suppliers
        ADD tax_rounding text NOT NULL DEFAULT 'line' CHECK (tax_rounding IN ('line', 'document')),
        ADD time_zone text NOT NULL DEFAULT 'UTC',
        ADD iban text,
        ADD bic text,
        ADD payment_link text,
        ADD payment_terms text""",
    "ALTER TABLE suppliers ALTER tax_rounding SET DEFAULT 'document'",
    "ALTER TABLE number_series RENAME prefix TO pattern",
    """ALTER TABLE number_series
        ADD restart text NOT NULL DEFAULT 'never' CHECK (restart IN ('never', 'yearly')),
        ADD chronology text NOT NULL DEFAULT 'warn' CHECK (chronology IN ('strict', 'warn')),
        ADD last_date date,
        ADD year smallint,
        ADD year_base bigint NOT NULL DEFAULT 0 CHECK (year_base >= 0)""",
    "ALTER TABLE number_series ALTER chronology SET DEFAULT 'strict'",
    """UPDATE number_series AS s SET last_date = i.issue_date FROM invoices AS i
        WHERE i.supplier_id = s.supplier_id AND i.series_code = s.code AND i.number = s.last_number""",
    """ALTER TABLE invoices
        ADD tax_rounding text NOT NULL DEFAULT 'line' CHECK (tax_rounding IN ('line', 'document')),
        ADD terms jsonb""",
    """ALTER TABLE invoice_items
        ADD tax_category text CHECK (tax_category IN ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
        ADD exemption_reason text,
        ADD unit_code text,
        ADD item_id text,
        ADD CHECK (tax_category IS NULL OR (tax_category = 'S') = (tax_rate > 0))""",
    # Two series of a supplier print no number twice; the same index finds an invoice by its number.
    "DROP INDEX invoices_number_idx",
    "CREATE UNIQUE INDEX invoices_number_key ON invoices (organization_id, invoice_number, supplier_id)",
)
# What says more than the tables of before could hold would be lost, and its hashes broken.
REFUSE = """DO $$ BEGIN
    IF EXISTS (SELECT FROM invoices WHERE tax_rounding <> 'line' OR terms IS NOT NULL)
        OR EXISTS (SELECT FROM invoice_items WHERE num_nonnulls(tax_category, exemption_reason, unit_code, item_id) > 0)
        OR EXISTS (SELECT FROM number_series WHERE year_base > 0) THEN
        RAISE EXCEPTION 'invoices say what revision 0001 cannot hold: there is no way back';
    END IF;
END $$"""
DOWN = (
    REFUSE,
    "DROP INDEX invoices_number_key",
    "CREATE INDEX invoices_number_idx ON invoices (organization_id, invoice_number)",
    "ALTER TABLE invoice_items DROP tax_category, DROP exemption_reason, DROP unit_code, DROP item_id",
    "ALTER TABLE invoices DROP tax_rounding, DROP terms",
    """ALTER TABLE number_series DROP restart, DROP chronology, DROP last_date, DROP year, DROP year_base""",
    "ALTER TABLE number_series RENAME pattern TO prefix",
    """ALTER TABLE suppliers DROP tax_rounding, DROP time_zone, DROP iban, DROP bic, DROP payment_link,
        DROP payment_terms""",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
