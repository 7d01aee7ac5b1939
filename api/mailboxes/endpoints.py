"""Mailboxes: where bills come in by mail, and what came of each mail."""

from types import SimpleNamespace
from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.mailboxes import MailboxBody
from api.http.changes import change
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from api.http.shares import heavy
from api.mailboxes.schemas import Mailbox, MailboxMail, MailboxMailPage, MailboxSyncAccepted, MailboxTrial
from db.transaction import report, transaction
from domain.mailboxes import mails, owing, registration, trial

PATH = "/api/v1/mailboxes"
mailboxes_api = Blueprint(
    "mailboxes",
    __name__,
    description="Folders of mail whose attachments become bills; of each mail it is told what came of it, and why.",
)


@mailboxes_api.route(PATH, "mailboxes:manage", methods=["POST"])
@mailboxes_api.arguments(MailboxBody())
@mailboxes_api.response(201, Mailbox)
@mailboxes_api.refuses(409)
@mailboxes_api.idempotent
def create_mailbox(body: dict[str, Any]) -> Response:
    """Create a mailbox; it is read from its first mail on, at once and then every so many minutes.

    Its attachments become bills: PDF, PNG, JPEG, TIFF, WebP and XML, by their content. `test` says beforehand what
    would come of its last mails: create it with `enabled` false for that.
    """

    def work(session: Session) -> Answer:
        mailbox = registration.create(session, g.organization_id, registration.completed(body))
        return Answer(201, Mailbox().dump(_shown(mailbox)), {"Location": f"{PATH}/{mailbox.id}"})

    return once(work).response()


@mailboxes_api.route(PATH, "mailboxes:read")
@mailboxes_api.arguments(Page(), location="query")
@mailboxes_api.response(200, Mailbox(many=True), headers=LINK)
def list_mailboxes(query: dict[str, Any]) -> Any:
    """List mailboxes.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = registration.page(session, g.organization_id, *place(query, 0))
        return page([SimpleNamespace(**_shown(row)) for row in rows], query, Mailbox())


@mailboxes_api.route(f"{PATH}/<row_id:mailbox_id>", "mailboxes:read")
@mailboxes_api.response(200, Mailbox)
@mailboxes_api.refuses(404)
def show_mailbox(mailbox_id: int) -> Any:
    """Show one mailbox, how far it is read and how it fares.

    Its password and tokens are not shown.
    """
    with transaction() as session:
        return _shown(registration.get(session, g.organization_id, mailbox_id))


@mailboxes_api.route(f"{PATH}/<row_id:mailbox_id>", "mailboxes:manage", methods=["PUT"])
@mailboxes_api.arguments(MailboxBody())
@mailboxes_api.response(200, Mailbox)
@mailboxes_api.refuses(404)
def replace_mailbox(body: dict[str, Any], mailbox_id: int) -> Any:
    """Replace a mailbox; with another server, user or folder it is read from the first mail on.

    `password` and `oauth` stay as they are when both are left out. What was imported is known by its Message-ID and
    content, and not imported again.
    """
    with change() as session:
        return _shown(registration.change(session, g.organization_id, mailbox_id, registration.completed(body)))


@mailboxes_api.route(f"{PATH}/<row_id:mailbox_id>", "mailboxes:manage", methods=["DELETE"])
@mailboxes_api.response(204)
@mailboxes_api.refuses(404)
def delete_mailbox(mailbox_id: int) -> Response:
    """Delete a mailbox with the list of its mails.

    Its bills stay, and so do the mails on their server.
    """
    with change() as session:
        registration.delete(session, g.organization_id, mailbox_id)
    return Response(status=204)


@mailboxes_api.route(f"{PATH}/<row_id:mailbox_id>/test", "mailboxes:manage", methods=["POST"])
@mailboxes_api.response(200, MailboxTrial)
@mailboxes_api.refuses(404, 429)
@heavy
def test_mailbox(mailbox_id: int) -> Any:
    """Connect to a mailbox, and say what would come of its last 50 mails.

    Nothing is imported, and no mail is changed. If it cannot be opened, `error` says why.
    """
    return trial.attempt(g.organization_id, mailbox_id)


@mailboxes_api.route(f"{PATH}/<row_id:mailbox_id>/sync", "mailboxes:manage", methods=["POST"])
@mailboxes_api.response(202, MailboxSyncAccepted)
@mailboxes_api.refuses(404, 409, 429)
@mailboxes_api.idempotent
def sync_mailbox(mailbox_id: int) -> Response:
    """Read the new mails of a mailbox now, as a job.

    One job at a time reads a mailbox: while one waits or runs, the answer names that one.
    """

    def work(session: Session) -> Answer:
        job_id = owing.owe(session, g.organization_id, mailbox_id)
        body = {"jobId": job_id, "mailboxId": mailbox_id, "message": "the mailbox is read in the background"}
        return Answer(202, body, {"Location": f"/api/v1/jobs/{job_id}"})

    return once(work).response()


@mailboxes_api.route(f"{PATH}/<row_id:mailbox_id>/mails", "mailboxes:read")
@mailboxes_api.arguments(MailboxMailPage(), location="query")
@mailboxes_api.response(200, MailboxMail(many=True), headers=LINK)
@mailboxes_api.refuses(404)
def list_mailbox_mails(query: dict[str, Any], mailbox_id: int) -> Any:
    """List the mails that were read, the last one first: what came of each, and why no bill did.

    An attachment has the id of its bill, or the reason why there is none.
    """
    with transaction() as session:
        rows = mails.page(session, g.organization_id, mailbox_id, query.get("outcome"), *place(query))
        return page(rows, query, MailboxMail())


def _shown(mailbox: Any) -> dict[str, Any]:
    names = [field.attribute or name for name, field in Mailbox().fields.items() if name != "counts"]
    counts = {name: getattr(mailbox, name) for name in ("imported", "filtered", "skipped", "unreadable")}
    due = mailbox.next_sync_at if mailbox.enabled else None
    return {name: getattr(mailbox, name) for name in names} | {"counts": counts, "next_sync_at": due}
