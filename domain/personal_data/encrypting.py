"""What was written before the installation had a master key is encrypted, a few hundred clients in each transaction."""

from sqlalchemy.orm import Session

from db.queries import run
from db.transaction import transaction
from domain import encryption
from domain.jobs.submission import enqueue
from domain.parties import contacts

KIND = "personal-data.encrypt"
BATCH, MAX_ORGANIZATIONS = 500, 100


def owe() -> None:
    """Owe a job for each organization that has something to encrypt and no such job."""
    with transaction() as session:
        for row in run(session, "find_plain_owners", kind=KIND, limit=MAX_ORGANIZATIONS):
            enqueue(session, row.organization_id, KIND, [("", {})])


def encrypt_some(session: Session, organization_id: int) -> int:
    """Encrypt the contact of some clients of an organization; return of how many.

    Each is in plain or encrypted at any time, never both. Raise Conflict without a master key, or MasterKeyLacking.
    """
    rows = run(session, "lock_plain_clients", organization_id=organization_id, limit=BATCH)
    if not rows:
        return 0
    own = encryption.organization_key(session, organization_id)
    keys = encryption.have_client_keys(session, organization_id, [row.id for row in rows])
    sealed = [contacts.seal(keys[row.id], own, organization_id, row.id, row._asdict()) for row in rows]
    run(
        session,
        "seal_clients",
        ids=[row.id for row in rows],
        contacts=[one.contact for one in sealed],
        email_indexes=[one.email_index for one in sealed],
    )
    return len(rows)


def count_plain(session: Session) -> int:
    """Return how many clients' contact is not encrypted."""
    return int(run(session, "count_plain_clients")[0].clients)
