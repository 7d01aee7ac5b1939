"""A second wall between organizations: a transaction that is confined to one sees and writes its rows alone."""

from alembic import op

revision = "0020"
down_revision = "0019"

# All tables of rows that belong to an organization but the outbox: there organizations stand in one queue.
TABLES = (
    "accounting_sources", "accounts", "api_keys", "audit_log", "automation_jobs", "automation_runs", "automations",
    "bill_suppliers", "bills", "clients", "completed_jobs", "completed_jobs_rest", "data_keys", "deliveries",
    "document_numbers", "event_streams", "events", "events_rest", "file_totals", "file_writes", "files",
    "idempotency_keys", "invoice_payments", "invoices", "jobs", "journal_entries", "journal_lines", "locations",
    "mailbox_mails", "mailboxes", "mails", "movements", "open_jobs", "pending_events", "products", "purchases",
    "reservations", "sales", "schedules", "stock", "suppliers", "templates", "transfers", "users", "wait_statistics",
    "webhooks",
)  # fmt: skip
# The subquery is asked once a statement. Nearly all rows pass that the application's own filter has let through, and
# PostgreSQL believes it only of this form: of an equation it would expect one row in 200, and read whole tables for it.
IS_OWN = "CAST(coalesce(organization_id <> (SELECT confined_to()), false) AS integer) <> 1"
# Each request asks for its key first: those that come wait there with nothing in hand, while those within end.
CLOSE_THE_DOOR = ("LOCK TABLE api_keys", "SELECT pg_sleep(0.1)")
UP = (
    *CLOSE_THE_DOOR,
    """CREATE FUNCTION confined_to() RETURNS bigint STABLE PARALLEL SAFE LANGUAGE sql
        RETURN CAST(nullif(current_setting('counterfoil.organization', true), '') AS bigint)""",
    # All organizations' jobs share a lane: how many run there says nothing of any of them.
    """CREATE FUNCTION count_running(in_lane text) RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql
        SET search_path FROM CURRENT
        AS $$ SELECT count(*) FROM open_jobs WHERE lease_expires_at IS NOT NULL AND lane = in_lane $$""",
    *(f"CREATE POLICY own_rows ON {table} USING ({IS_OWN})" for table in TABLES),
    *(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in TABLES),
)
DOWN = (
    *CLOSE_THE_DOOR,
    *(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in TABLES),
    *(f"DROP POLICY own_rows ON {table}" for table in TABLES),
    "DROP FUNCTION count_running(text)",
    "DROP FUNCTION confined_to()",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
