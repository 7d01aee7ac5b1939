"""Where something of a client is kept, whatever refers to it: the one place that removing and exporting look from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import PARTY_FIELDS, Client
from db.queries import run
from domain.errors import Conflict, NotFound, say
from domain.jobs.lifecycle import UNFINISHED
from domain.jobs.sealing import opened
from domain.parties import contacts
from domain.parties.matching import keys
from domain.text import comparable, comparable_legal_name

# Each is looked into, as what it says of a client is encrypted or has many spellings.
MAX_REQUESTS = 50_000
SHORTEST_NEEDLE = 4


class Held(NamedTuple):
    """A client, and the rows of other tables that say something of it."""

    client: Client
    requests: Sequence[Any]
    credits: Sequence[Any]
    issued: Sequence[Any]
    mail_ids: list[int]
    letters: Sequence[Any]

    @property
    def unfinished(self) -> list[int]:
        """Return the requests that wait or run."""
        return [one.id for one in (*self.requests, *self.credits) if one.status in UNFINISHED]

    @property
    def ended(self) -> list[int]:
        """Return the requests that failed or were cancelled."""
        return [one.id for one in (*self.requests, *self.credits) if one.status not in UNFINISHED]

    @property
    def became_invoices(self) -> list[int]:
        """Return the requests that have become an invoice or a credit note."""
        return [one.job_id for one in self.issued if one.job_id is not None]


def held(session: Session, organization_id: int, client_id: int, locked: bool = False) -> Held:
    """Return what is kept of a client, also of a deleted one; raise NotFound, or Conflict if too much waits to tell.

    A `locked` client gets no mail, no contact and no key until the transaction ends.
    """
    wanted = select(Client).where(Client.organization_id == organization_id, Client.id == client_id)
    client = session.scalar(wanted.with_for_update() if locked else wanted)
    if client is None:
        raise NotFound("client not found")
    contacts.opened(session, [client])
    own = {"organization_id": organization_id, "client_id": client_id}
    issued = run(session, "find_issued", **own)
    email = (client.email or "").casefold()
    invoice_ids = [one.id for one in issued]
    mails = run(session, "find_mails_of_client", **own, invoice_ids=invoice_ids, email=email or None)
    letters = run(session, "find_letters_of_client", organization_id=organization_id, email=email) if email else ()
    return Held(
        client,
        [*_requests(session, client)],
        [
            row._replace(payload=opened(session, organization_id, row.payload))
            for row in run(session, "find_open_credits", **own, limit=MAX_REQUESTS)
        ],
        issued,
        [row.id for row in mails],
        letters,
    )


def needles(client: Client) -> list[str]:
    """Return the texts by which a kept answer is known to say something of the client."""
    said = (client.email, client.phone, client.address_line1, client.tax_id, client.vat_id, client.name)
    return [text for text in said if text and len(text) >= SHORTEST_NEEDLE]


def _requests(session: Session, client: Client) -> Iterator[Any]:
    rows = run(session, "find_open_requests", organization_id=client.organization_id, limit=MAX_REQUESTS + 1)
    if len(rows) > MAX_REQUESTS:
        raise Conflict(
            say(
                "more than %(most)s requests for invoices wait or have failed: let them be done, or try the failed "
                "ones again, then ask again",
                most=f"{MAX_REQUESTS:,}",
            )
        )
    read = (row._replace(payload=opened(session, client.organization_id, row.payload)) for row in rows)
    return (row for row in read if _names(row.payload.get("client", {}), client))


def _names(asked: Mapping[str, Any], client: Client) -> bool:
    """Tell whether a request means the client: by its id, a tax or VAT id, or the name and an address of both."""
    if "id" in asked:
        return bool(asked["id"] == client.id)
    tax_key, vat_key = keys(asked)
    if (tax_key and tax_key == client.tax_key) or (vat_key and vat_key == client.vat_key):
        return True
    if comparable_legal_name(asked.get("name", "")) != comparable_legal_name(client.name):
        return False
    return any(_same(asked.get(name), getattr(client, name)) for name in ("email", "phone", "address_line1"))


def _same(one: str | None, other: str | None) -> bool:
    return bool(one and other and comparable(one).casefold() == comparable(other).casefold())


def of_client(client: Client) -> dict[str, Any]:
    """Return the fields of a client that say something."""
    return {name: value for name in PARTY_FIELDS if (value := getattr(client, name)) is not None}
