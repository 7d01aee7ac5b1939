"""Says in one line what keeps the database from being used, and what helps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import privileges
from db.engine import session_settings
from db.queries import run
from db.transaction import leave_server, sqlstate

# Insufficient resources, such as a full disk. SQLSTATE classes: PostgreSQL manual, appendix A.
NO_RESOURCES = "53"


class Unusable(Exception):
    """No work can be done in the database until somebody acts: `found` is what is wrong, `remedy` what helps."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(f"{found}: {remedy}")
        self.found, self.remedy = found, remedy


class SchemaNewer(Unusable):
    """A newer version of Counterfoil has migrated the schema: processes that run may go on, none should start."""


def check(session: Session | psycopg.Connection, migrated: bool = True, disk: bool = True) -> None:
    """Raise Unusable unless work can be written here.

    Only if `migrated` must the schema be there already; only with `disk` is some megabytes' room looked for, which the
    server's disk pays for.
    """
    [found] = run(session, "read_condition")
    if found.encoding != "UTF8":
        raise Unusable(
            f"the database's encoding is {found.encoding}, which cannot hold every name",
            "make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0",
        )
    if found.read_only:
        leave_server()  # else the pool would go on reading from one that was demoted
        raise Unusable(
            "the database is read-only",
            "DATABASE_URL must lead to the primary server, where default_transaction_read_only is off",
        )
    if disk:
        _require_disk(session)
    if migrated:
        _require_schema(run(session, "read_revision") if found.has_revision else [])


def require_session(session: Session, other_pid: int) -> None:
    """Raise Unusable unless this session is as it was asked to be, and another one's server process is not its own.

    `other_pid` is the process of a session that is open and idle: only a pooler that shares sessions gives it away.
    """
    rows = run(session, "read_session", names=list(session_settings()), wanted=list(session_settings().values()))
    if wrong := [f"{row.name} is {row.found} and not {row.wanted}" for row in rows if row.found != row.wanted]:
        raise Unusable(
            f"the sessions do not get the settings that were asked for ({', '.join(wrong)})",
            "a pooler drops them; DATABASE_URL must lead to PostgreSQL itself",
        )
    if any(row.pid == other_pid for row in rows):
        raise Unusable(
            "a pooler gives one session of the server to several of ours, as PgBouncer does in transaction mode",
            "DATABASE_URL must lead to PostgreSQL itself, or to a pooler in session mode",
        )


def excess(session: Session) -> list[str]:
    """Return what the role of this session may do and no part needs."""
    return [row.may for row in run(session, "read_privileges", kept=list(privileges.KEPT))]


def _require_disk(session: Session | psycopg.Connection) -> None:
    try:
        run(session, "write_to_disk")
    except (DBAPIError, psycopg.Error) as error:
        if not (sqlstate(error) or "").startswith(NO_RESOURCES):
            raise
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise Unusable(f"the database server cannot write to its disk ({reason})", "make room on it") from error


def _require_schema(rows: Sequence[Any]) -> None:
    revision, needed = rows[0].revision if rows else "", _newest_revision()
    if not revision:
        raise Unusable("the database has no schema yet", "run `counterfoil migrate`")
    if revision < needed:
        raise Unusable(f"the schema is at revision {revision}, but {needed} is needed", "run `counterfoil migrate`")
    if revision > needed:
        raise SchemaNewer(
            f"the schema is at revision {revision}, which this version of Counterfoil does not know ({needed})",
            "start the newer version",
        )


def _newest_revision() -> str:
    """Return the number that the newest migration's file name begins with, which is its revision."""
    return max(path.name[:4] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py"))
