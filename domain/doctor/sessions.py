"""Whether the database can be used, whether its sessions are as the parts need them, and who holds one for long."""

from sqlalchemy import text
from sqlalchemy.orm import Session

import settings
from db import condition
from db.queries import run
from db.transaction import statement
from domain.doctor.findings import Finding, ok, sentence, unknown, warning, wrong
from settings import variable

LONG_TRANSACTION_S = 60.0
# From then on what it keeps from being cleaned up costs throughput: docs/decisions/0013.
TOO_LONG_TRANSACTION_S = 600.0


def database(session: Session) -> Finding:
    """Encoding, primary or standby, and the revision of the schema."""
    try:
        condition.check(session, disk=False)
    except condition.SchemaNewer as newer:  # parts that run may go on
        return warning(newer.found, sentence(newer.remedy))
    except condition.Unusable as unusable:
        return wrong(unusable.found, sentence(unusable.remedy))
    return ok("takes writes, and has the schema of this version")


def pooler(session: Session) -> Finding:
    """Whether two sessions are two, each with its settings."""
    try:
        with statement() as other:
            condition.require_session(session, other.scalars(text("SELECT pg_backend_pid()")).one())
    except condition.Unusable as unusable:
        return wrong(unusable.found, sentence(unusable.remedy))
    return ok("each session has a process of the server, and its settings")


def wall(session: Session) -> Finding:
    """Whether the database itself keeps organizations apart, which it does for no owner of the tables."""
    [seen] = run(session, "see_wall")
    if seen.holds:
        return ok(f"row-level security holds for the role {seen.role}")
    why = "is a superuser" if seen.is_superuser else "has BYPASSRLS" if seen.bypasses else "owns the tables"
    return warning(
        f"row-level security does nothing: the role {seen.role} of DATABASE_URL {why}",
        f"Give this address to `counterfoil migrate` alone, as {variable('database_owner_url')}, and the parts a"
        " DATABASE_URL with another role, which that command makes.",
    )


def timeouts(session: Session) -> Finding:
    """Those of this process, which refuses to start with others, and those that the server adds."""
    added = {row.name: row.ms / 1000 for row in run(session, "read_added_timeouts")}
    allowed, longest = added.get("transaction_timeout", 0), settings.current().task_timeout
    if 0 < allowed <= longest:
        return wrong(
            f"the server ends transactions after {allowed:g} s, and {variable('task_timeout')} is {longest} s",
            "Set transaction_timeout to 0 for the role of the parts.",
        )
    if idle := added.get("idle_session_timeout"):
        return warning(
            f"the server cuts off sessions that are idle for {idle:g} s",
            "Set idle_session_timeout to 0 for the role of the parts, which keep their sessions.",
        )
    names = ("lock_timeout", *settings.ORDER)
    told = [f"{name.removesuffix('_timeout')} {getattr(settings.current(), name)} s" for name in names]
    return ok(" < ".join(told))


def transactions(session: Session) -> Finding:
    """The oldest transaction of somebody else, and whether all can be seen."""
    rows = run(session, "list_transactions")
    hidden = [row for row in rows if row.seconds is None]
    oldest = rows[0] if len(rows) > len(hidden) else None
    if oldest and oldest.seconds >= LONG_TRANSACTION_S:
        judge = wrong if oldest.seconds >= TOO_LONG_TRANSACTION_S else warning
        return judge(
            f"process {oldest.pid} ({oldest.role}, {oldest.application or 'no name'}) has been in a transaction for"
            f" {oldest.seconds:.0f} s: {oldest.state}",
            f"Have its owner end it, or end it with SELECT pg_terminate_backend({oldest.pid}).",
        )
    if hidden:
        return unknown(
            f"{len(hidden)} sessions of other roles tell this one nothing",
            "Grant pg_read_all_stats to the role of the parts, as a superuser.",
        )
    return ok(f"the oldest began {oldest.seconds:.1f} s ago" if oldest else "nobody else is in one")
