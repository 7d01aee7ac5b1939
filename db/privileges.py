"""Opens the tables to the parts, which connect under a role that owns nothing: a step of each `counterfoil migrate`.

A table that is not named here stays closed to them; a test walks all tables and asks for a decision on each.
"""

from collections.abc import Mapping
from typing import Any

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, text

from db.engine import url
from settings import ConfigurationError

READ = "SELECT"
ADD = "SELECT, INSERT"
CHANGE = "SELECT, INSERT, UPDATE"
REMOVE = "SELECT, INSERT, UPDATE, DELETE"

# What the law wants kept: nothing is deleted, and only what may change can be changed.
KEPT: Mapping[str, str] = {
    "invoices": f"{ADD}, UPDATE (status, updated_at)",
    "invoice_items": ADD,
    "invoice_payments": ADD,
    "journal_entries": f"{ADD}, UPDATE (deleted_at)",
    "journal_lines": ADD,
    "movements": ADD,
    "number_series": CHANGE,
    "document_numbers": CHANGE,
    "accounting_sources": CHANGE,
    "template_sources": ADD,
    "files": ADD,
}
TABLES: Mapping[str, str] = {
    **KEPT,
    # What invoices, entries and movements refer to.
    "organizations": CHANGE,
    "api_keys": f"{ADD}, UPDATE (revoked_at, last_used_at)",
    "audit_log": ADD,
    "users": CHANGE,
    "user_links": REMOVE,
    "user_sessions": REMOVE,
    "login_attempts": REMOVE,
    "data_keys": f"{ADD}, UPDATE (wrapped, master_key_id)",
    "suppliers": CHANGE,
    "clients": CHANGE,
    "templates": CHANGE,
    "series_audits": CHANGE,
    "accounts": ADD,
    "products": ADD,
    "locations": ADD,
    "stock": CHANGE,
    "stock_levels": READ,
    "transfers": CHANGE,
    "transfer_lines": ADD,
    "sales": CHANGE,
    "sale_lines": ADD,
    "purchases": CHANGE,
    "purchase_lines": ADD,
    "bills": CHANGE,
    "bill_suppliers": CHANGE,
    # What goes when it is done, or past its retention.
    "reservations": REMOVE,
    "jobs": CHANGE,
    "open_jobs": REMOVE,
    "completed_jobs": READ,
    "completed_jobs_rest": REMOVE,
    "event_streams": CHANGE,
    "pending_events": REMOVE,
    # What events say of a person is removed with the rest of it.
    "events": f"{ADD}, UPDATE (data)",
    "events_rest": REMOVE,
    "file_totals": CHANGE,
    "file_writes": REMOVE,
    "webhooks": REMOVE,
    "deliveries": REMOVE,
    "mails": REMOVE,
    "automations": REMOVE,
    "automation_runs": REMOVE,
    "automation_jobs": REMOVE,
    "automation_subjects": REMOVE,
    "schedules": REMOVE,
    "schedule_slots": REMOVE,
    "mailboxes": REMOVE,
    "mailbox_mails": REMOVE,
    "job_attempts": "SELECT, INSERT, DELETE",
    "outbox": REMOVE,
    "relay_state": "SELECT, UPDATE",
    "pauses": "SELECT, INSERT, DELETE",
    "processes": REMOVE,
    "canaries": CHANGE,
    "idempotency_keys": REMOVE,
    "run_statistics": REMOVE,
    "wait_statistics": REMOVE,
    "incidents": CHANGE,
    "alembic_version": READ,
}
# They run as the owner: a week of completed jobs or events is made and dropped so, and a client's key is removed, as no
# part may delete the organization's.
FUNCTIONS = ("make_week", "drop_week", "confined_to", "count_running", "remove_client_key")
EXISTING = """
    SELECT relname FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace)
    AND relkind IN ('r', 'p', 'v')
    UNION SELECT proname FROM pg_proc WHERE pronamespace = CAST(current_schema() AS regnamespace)"""
SEQUENCES = """
    SELECT relname FROM pg_depend JOIN pg_class ON pg_class.oid = objid
    WHERE relkind = 'S' AND relnamespace = CAST(current_schema() AS regnamespace)
    AND refobjid = ANY(SELECT to_regclass(name) FROM unnest(CAST(%s AS text[])) AS name)"""


def open_to_parts(connection: Connection) -> None:
    """Let the role of DATABASE_URL do what is said here and nothing else, unless it changes the schema itself.

    Create it if there is none; raise ConfigurationError if that is not allowed. A superuser sets the URL's password.
    """
    address = conninfo_to_dict(url())
    owner, superuser, schema = connection.execute(
        text("SELECT current_user, rolsuper, current_schema() FROM pg_roles WHERE rolname = current_user")
    ).one()
    role = address.get("user") or owner
    if role == owner:
        return
    line: Any = connection.connection.driver_connection
    _have_role(line, str(role), str(address.get("password") or ""), superuser)
    _grant(line, sql.Identifier(str(role)), sql.Identifier(schema))
    if superuser:  # to tell a crash of the server from a lost connection, by the age of its processes
        line.execute(sql.SQL("GRANT pg_read_all_stats TO {}").format(sql.Identifier(str(role))))


def _have_role(line: Any, role: str, password: str, superuser: bool) -> None:
    secret = line.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    under = sql.SQL("{} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(secret))
    if line.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        if superuser and password:
            line.execute(sql.SQL("ALTER ROLE ") + under)
        return
    (may_create,) = line.execute(
        "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if not may_create:
        raise ConfigurationError(
            f"DATABASE_URL names the role {role}, which does not exist and which the owner may not create:"
            f" have it made with CREATE ROLE {role} LOGIN PASSWORD '...'"
        )
    line.execute(sql.SQL("CREATE ROLE ") + under)


def _grant(line: Any, role: sql.Identifier, schema: sql.Identifier) -> None:
    line.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
    # Until PostgreSQL 15 everybody could create there, and an upgraded database keeps that.
    line.execute(sql.SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC").format(schema))
    existing = {name for (name,) in line.execute(EXISTING).fetchall()}
    for table, privileges in TABLES.items():
        if table in existing:
            line.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(table), role))
            line.execute(sql.SQL(f"GRANT {privileges} ON {{}} TO {{}}").format(sql.Identifier(table), role))
    for function in existing.intersection(FUNCTIONS):
        line.execute(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.Identifier(function), role))
    for (sequence,) in line.execute(SEQUENCES, [list(TABLES)]).fetchall():
        line.execute(sql.SQL("GRANT USAGE ON SEQUENCE {} TO {}").format(sql.Identifier(sequence), role))
