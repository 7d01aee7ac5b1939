"""Answers kept under the caller's key. The lock is the transaction's: it cannot be forgotten."""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(CAST(:key AS text), :organization_id))")
# A statement of its own: its snapshot has to be younger than the lock, or it misses the answer it waits for.
FIND = text(
    "SELECT fingerprint, status_code, CAST(response AS text) FROM idempotency_keys"
    " WHERE organization_id = :organization_id AND key = :key"
)
KEEP = text(
    "INSERT INTO idempotency_keys (organization_id, key, fingerprint, status_code, response)"
    " VALUES (:organization_id, :key, :fingerprint, :status_code, CAST(:response AS jsonb))"
)


class Kept(NamedTuple):
    fingerprint: bytes
    status_code: int
    response: str


def lock(session: Session, organization_id: int, key: str) -> bool:
    """Return whether the transaction now owns the key; it never waits for another that does."""
    return session.execute(LOCK, {"organization_id": organization_id, "key": key}).scalar_one()


def find(session: Session, organization_id: int, key: str) -> Kept | None:
    """Return the answer kept under the key, None if there is none."""
    row = session.execute(FIND, {"organization_id": organization_id, "key": key}).first()
    return Kept(bytes(row[0]), row[1], row[2]) if row else None


def keep(session: Session, organization_id: int, key: str, fingerprint: bytes, status_code: int, response: str) -> None:
    """Keep the answer (JSON text), together with the work that it answers."""
    session.execute(
        KEEP,
        {
            "organization_id": organization_id,
            "key": key,
            "fingerprint": fingerprint,
            "status_code": status_code,
            "response": response,
        },
    )
