"""A supplier may ask for e-invoices: each of its invoices is then held against the rules of EN 16931 first."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """ALTER TABLE suppliers
        ADD e_invoice text NOT NULL DEFAULT 'none' CHECK (e_invoice IN ('none', 'facturx', 'ubl'))"""
    )


def downgrade() -> None:
    op.execute("ALTER TABLE suppliers DROP e_invoice")
