"""All that is kept of a client, decrypted, with where it came from (Regulation (EU) 2016/679, articles 15 and 20)."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session

from db import clock
from db.queries import run
from domain.mail import catalogue as mails
from domain.personal_data import finding
from domain.personal_data.finding import Held


def export(session: Session, organization_id: int, client_id: int) -> dict[str, Any]:
    """Return what is kept of a client as JSON values, the times as they are; raise NotFound or Conflict."""
    held = finding.held(session, organization_id, client_id)
    client = held.client
    return {
        "exported_at": clock.now(session),
        "client": {
            "id": client.id,
            **finding.of_client(client),
            "created_at": client.created_at,
            "updated_at": client.updated_at,
            "deleted_at": client.deleted_at,
            "personal_data_removed_at": client.personal_data_removed_at,
        },
        "changes": [*_changes(session, held)],
        "invoices": [_invoice(one) for one in held.issued],
        "requests": [_request(one) for one in (*held.requests, *held.credits)],
        "mails": [_mail(session, organization_id, mail_id) for mail_id in held.mail_ids],
        "imported_mails": [_letter(one) for one in held.letters],
    }


def _changes(session: Session, held: Held) -> Iterator[dict[str, Any]]:
    """Yield who made and changed the client; one that nobody did came with a request for an invoice."""
    paths = [f"{prefix}/clients/{held.client.id}" for prefix in ("/api/v1/parties", "")]
    for row in run(session, "find_makers", organization_id=held.client.organization_id, targets=paths):
        yield {"action": row.action, "actor": row.actor, "actor_name": row.actor_name, "at": row.created_at}


def _invoice(row: Any) -> dict[str, Any]:
    return {
        "invoice_number": row.invoice_number,
        "issue_date": row.issue_date,
        "url": f"/api/v1/invoices/{row.invoice_number}",
    }


def _request(row: Any) -> dict[str, Any]:
    said: Mapping[str, Any] = row.payload
    personal = {name: said[name] for name in ("client", "notes", "reason") if said.get(name)}
    return {"request_id": row.id, "status": row.status, "created_at": row.created_at, "data": personal}


def _mail(session: Session, organization_id: int, mail_id: int) -> dict[str, Any]:
    mail = mails.get(session, organization_id, mail_id)
    return {
        "mail_id": mail.id,
        "subject": mail.subject,
        "recipients": [one["address"] for one in mail.recipients],
        "message": mails.message(session, organization_id, mail_id),
        "created_at": mail.created_at,
        "sent_at": mail.sent_at,
    }


def _letter(row: Any) -> dict[str, Any]:
    names = [one["name"] for one in row.attachments if one.get("name")]
    return {"sender": row.sender, "subject": row.subject, "date": row.date, "attachments": names}
