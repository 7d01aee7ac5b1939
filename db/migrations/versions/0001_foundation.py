"""The foundation: every table of the first release, in a file for each capability."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

FOUNDATION = Path(__file__).parents[1] / "foundation"
# In the order of their references.
CAPABILITIES = (
    "frozen", "identity", "idempotency", "templates", "parties", "invoices", "jobs", "outbox", "presence",
    "statistics", "inventory", "accounting",
)  # fmt: skip
TABLES = (
    "journal_lines", "journal_entries", "accounting_sources", "accounts", "reservations", "movements",
    "purchase_lines", "purchases", "sale_lines", "sales", "transfer_lines", "transfers", "document_numbers",
    "stock", "locations", "products", "incidents", "wait_statistics", "run_statistics", "processes", "canaries",
    "pauses", "relay_state", "outbox", "job_attempts", "jobs", "invoice_items", "invoices", "clients", "number_series",
    "suppliers", "templates", "template_sources", "idempotency_keys", "api_keys", "organizations",
)  # fmt: skip
FUNCTIONS = (
    "refuse_late_journal_lines", "refuse_entry_change", "refuse_unbalanced_entry", "refuse_late_lines",
    "refuse_invoice_change", "refuse_change", "release_reservations", "make_week", "drop_week",
)  # fmt: skip


def upgrade() -> None:
    for capability in CAPABILITIES:
        # An empty line ends a statement; there is none within.
        for statement in (FOUNDATION / f"{capability}.sql").read_text().split("\n\n"):
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP VIEW stock_levels")
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
