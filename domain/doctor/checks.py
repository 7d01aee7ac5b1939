"""The traps that an installation can fall into, each with the check that sees it."""

from collections.abc import Callable, Iterable

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.transaction import transaction
from domain.doctor import encryption, passwords, processes, scans, sessions, storage
from domain.doctor.findings import Finding, Line, unknown

Check = Callable[[Session], Finding]

# A check more is a line more.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("database", sessions.database),
    ("pooler", sessions.pooler),
    ("wall", sessions.wall),
    ("timeouts", sessions.timeouts),
    ("transactions", sessions.transactions),
    ("autovacuum", storage.autovacuum),
    ("bloat", storage.bloat),
    ("slots", storage.slots),
    ("disk", storage.disk),
    ("sequences", storage.sequences),
    ("partitions", storage.partitions),
    ("parts", processes.parts),
    ("canaries", processes.canaries),
    ("kinds", processes.kinds),
    ("clocks", processes.clocks),
    ("secrets", passwords.secrets),
    ("encryption", encryption.encryption),
    ("scans", scans.scans),
)
# What `counterfoil doctor` looks at besides: it connects to the broker, to ports without a password, to the storage and
# to the relay of mail.
COMMAND_CHECKS = ("broker", "persistence", "ports", "storage", "mail")


def examine() -> list[Line]:
    """Return a line for each check that needs no more than the database and this process's settings."""
    return [Line(name, *_examined(check)) for name, check in CHECKS]


def unseen(names: Iterable[str], reason: str, remedy: str) -> list[Line]:
    """Return a line for each check that cannot be made here."""
    return [Line(name, *unknown(reason, remedy)) for name in names]


def _examined(check: Check) -> Finding:
    try:
        with transaction() as session:
            return check(session)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        return unknown(f"the check failed: {reason}", "Mend what the other lines name, then ask again.")
