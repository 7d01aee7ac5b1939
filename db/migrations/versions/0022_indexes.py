"""The invoices of one client are found without reading those of all."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("CREATE INDEX invoices_client_idx ON invoices (client_id, id)")


def downgrade() -> None:
    op.execute("DROP INDEX invoices_client_idx")
