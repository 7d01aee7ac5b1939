"""Changes that callers make: each has its line in the audit log, in the same commit."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g
from sqlalchemy.orm import Session

from db.transaction import transaction
from domain.identity import audit

# What comes in great numbers: the rows themselves say who asked for them.
UNLOGGED = frozenset(["requests:submit", "jobs:create"])


@contextmanager
def change() -> Iterator[Session]:
    """Do what `transaction` does, and log who did it."""
    with transaction() as session:
        yield session
        log(session)


def log(session: Session, target: str | None = None) -> None:
    """Log the request that is being answered, on `target` if that is another than its path; no dry run."""
    body = g.get("body")
    dry = isinstance(body, dict) and (body.get("dryRun") or body.get("dry_run"))
    if not dry and g.permission not in UNLOGGED:
        audit.record(session, target)
