"""Answers kept under the caller's key. The lock is the transaction's: it cannot be forgotten."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from db.queries import run


class Kept(NamedTuple):
    fingerprint: bytes
    status_code: int
    response: str


def lock(session: Session, organization_id: int, key: str) -> bool:
    """Return whether the transaction now owns the key; it never waits for another that does."""
    (row,) = run(session, "lock_idempotency_key", organization_id=organization_id, key=key)
    return row.locked


def find(session: Session, organization_id: int, key: str) -> Kept | None:
    """Return the answer kept under the key, None if there is none."""
    found = run(session, "find_answer", organization_id=organization_id, key=key)
    return Kept(*found[0]) if found else None


def keep(session: Session, organization_id: int, key: str, fingerprint: bytes, status_code: int, response: str) -> None:
    """Keep the answer (JSON text), together with the work that it answers."""
    run(
        session,
        "keep_answer",
        organization_id=organization_id,
        key=key,
        fingerprint=fingerprint,
        status_code=status_code,
        response=response,
    )


def amend(session: Session, organization_id: int, key: str, status_code: int, response: str) -> None:
    """Replace what is kept under the key by what its first caller was told in the end."""
    run(
        session,
        "amend_answer",
        organization_id=organization_id,
        key=key,
        status_code=status_code,
        response=response,
    )
