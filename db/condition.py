"""Says in one line what keeps the database from being used, and what helps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.queries import run
from db.transaction import leave_server, sqlstate

# Insufficient resources, such as a full disk. SQLSTATE classes: PostgreSQL manual, appendix A.
NO_RESOURCES = "53"


class Unusable(Exception):
    """No work can be done in the database until somebody acts; the message is one line with the remedy."""


class SchemaNewer(Unusable):
    """A newer version of Counterfoil has migrated the schema: processes that run may go on, none should start."""


def check(session: Session, migrated: bool = True, disk: bool = True) -> None:
    """Raise Unusable unless work can be written here.

    Only if `migrated` must the schema be there already; only with `disk` is some megabytes' room looked for, which the
    server's disk pays for.
    """
    [found] = run(session, "read_condition")
    if found.encoding != "UTF8":
        raise Unusable(
            f"the database's encoding is {found.encoding}, which cannot hold every name:"
            " make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )
    if found.read_only:
        leave_server()  # else the pool would go on reading from one that was demoted
        raise Unusable(
            "the database is read-only: DATABASE_URL must lead to the primary server,"
            " where default_transaction_read_only is off"
        )
    if disk:
        _require_disk(session)
    if migrated:
        _require_schema(run(session, "read_revision") if found.has_revision else [])


def _require_disk(session: Session) -> None:
    try:
        run(session, "write_to_disk")
    except DBAPIError as error:
        if not (sqlstate(error) or "").startswith(NO_RESOURCES):
            raise
        reason = str(error.orig).splitlines()[0]
        raise Unusable(f"the database server cannot write to its disk ({reason}): make room on it") from error


def _require_schema(rows: Sequence[Any]) -> None:
    revision, needed = rows[0].revision if rows else "", _newest_revision()
    if not revision:
        raise Unusable("the database has no schema yet: run `counterfoil migrate`")
    if revision < needed:
        raise Unusable(f"the schema is at revision {revision}, but {needed} is needed: run `counterfoil migrate`")
    if revision > needed:
        raise SchemaNewer(
            f"the schema is at revision {revision}, which this version of Counterfoil does not know ({needed}):"
            " start the newer version"
        )


def _newest_revision() -> str:
    """Return the number that the newest migration's file name begins with, which is its revision."""
    return max(path.name[:4] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py"))
