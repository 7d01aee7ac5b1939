"""What is kept of a client goes in one transaction, but for what the law keeps; what stays is said with the reason."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

import settings
from db.queries import run
from db.transaction import savepoint
from domain.errors import Conflict, say
from domain.personal_data import finding
from domain.personal_data.finding import Held

# Of the kinds whose jobs become invoices; see `personal` in tasks/kinds.
FIELDS = ["client", "notes", "reason", "personal"]
GONE = {"status": 410, "title": "Gone", "error": "this answer was removed with the personal data of a client"}
MAX_NAMED = 20
LAW = (
    "the law has who issues an invoice keep it as it was issued, with the name and address of the recipient (for "
    "example Directive 2006/112/EC, articles 244 to 249; Regulation (EU) 2016/679, article 17(3)(b))"
)
BACKUPS = (
    "a backup made before has the client's data until you delete the backup; what was encrypted in it is read only "
    "with the master key"
)
RECEIVERS = "what webhooks and mails have brought to others is theirs: tell them (Regulation (EU) 2016/679, article 19)"


class Kept(NamedTuple):
    """What stays: how many, why, and until when if that is known."""

    what: str
    number: int | None
    reason: str
    until: date | None


class Removal(NamedTuple):
    """What was removed, or would be: rows by what they are; `name` is what the client was called."""

    client_id: int
    name: str
    dry_run: bool
    removed: dict[str, int]
    kept: list[Kept]


class _Counted(Exception):
    """Undoes a dry run."""


def remove(session: Session, organization_id: int, client_id: int, dry_run: bool = False) -> Removal:
    """Remove what is kept of a client, and say what; of a client that was removed before, nothing is left to remove.

    A dry run does it as well and undoes it. Raise NotFound, or Conflict while work for the client is unfinished.
    """
    held = finding.held(session, organization_id, client_id, locked=True)
    _require_finished(session, held)
    name = held.client.name
    removed: dict[str, int] = {}
    try:
        with savepoint(session):
            removed = _removed(session, held)
            if dry_run:
                raise _Counted
    except _Counted:
        pass
    return Removal(client_id, name, dry_run, removed, _kept(held.issued))


def _require_finished(session: Session, held: Held) -> None:
    waiting = held.unfinished
    queued = run(session, "find_queued_mails", ids=held.mail_ids) if held.mail_ids else ()
    if waiting:
        raise Conflict(
            say(
                "the requests %(ids)s for this client wait or run: let them be done or cancel their jobs, then ask "
                "again",
                ids=_listed(waiting),
            ),
            requestIds=waiting[:MAX_NAMED],
        )
    if queued:
        ids = [row.id for row in queued]
        raise Conflict(
            say(
                "the mails %(ids)s to this client are on their way: let them be sent or cancel their jobs, then ask "
                "again",
                ids=_listed(ids),
            ),
            mailIds=ids[:MAX_NAMED],
        )


def _listed(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - MAX_NAMED} more" if len(ids) > MAX_NAMED else ""
    return ", ".join(map(str, ids[:MAX_NAMED])) + more


def _removed(session: Session, held: Held) -> dict[str, int]:
    organization_id, client_id = held.client.organization_id, held.client.id
    needles = finding.needles(held.client) if held.client.personal_data_removed_at is None else []
    needles += [f'"/api/v1/parties/clients/{client_id}"']
    gone = orjson.dumps({"body": GONE, "headers": {}}).decode()
    own = {"organization_id": organization_id}
    letters = [row.id for row in held.letters]
    done = {
        "requests": run(session, "remove_requests", ids=held.ended),
        "payloads": run(session, "remove_payloads", ids=held.became_invoices, fields=FIELDS),
        "refused_addresses": run(session, "remove_refused_addresses", **own, mail_ids=held.mail_ids),
        "mails": run(session, "remove_mails", **own, ids=held.mail_ids),
        "imported_mails": run(session, "remove_letters", **own, ids=letters),
        "answers": run(session, "remove_answers", **own, needles=needles, gone=gone),
        "keys": run(session, "remove_client_key", **own, client_id=client_id),
        "clients": run(session, "remove_client", client_id=client_id),
    }
    if len(done["requests"]) != len(held.ended):
        raise Conflict("a request for this client was tried again meanwhile: ask again once it is done")
    session.expire(held.client)
    return {name: len(rows) for name, rows in done.items()}


def _kept(issued: Sequence[Any]) -> list[Kept]:
    backups, receivers = Kept("backups", None, BACKUPS, None), Kept("receivers", None, RECEIVERS, None)
    if not issued:
        return [backups, receivers]
    last = max(one.issue_date for one in issued)
    until = date(last.year + settings.current().invoice_retention_years, 12, 31)
    return [Kept("invoices", len(issued), LAW, until), backups, receivers]
