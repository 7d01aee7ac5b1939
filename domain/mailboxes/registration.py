"""The mailboxes of an organization: where its bills come in by mail."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from db.models import Mailbox, MailboxMail
from domain import encryption
from domain.errors import Invalid, NotFound
from domain.identity.organizations import require_room
from domain.mailboxes import credentials
from gateways import imap

MAX_MAILBOXES = 50
CREDENTIALS, ACCESS_TOKEN = "mailboxes.credentials", "mailboxes.access_token"
KEEP, SEEN, MOVE = "keep", "seen", "move:"
PORTS = {"tls": 993, "starttls": 143}
INBOX = "INBOX"
BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# What says where credentials are sent: whoever changes it gives them again, or would be sent those of somebody else.
WHERE = ("host", "port", "security", "login")
PLAIN = ("name", *WHERE, "folder", "every_minutes", "filter", "after", "enabled")


def completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a mailbox as `create` takes them: with the usual port, and the filter as it is kept."""
    wanted = dict(given["filter"])
    plain = {"from": list(wanted.get("from_", ())), "subject": wanted.get("subject")}
    plain["has_attachment"] = wanted.get("has_attachment", False)
    return {"port": PORTS[given["security"]], **given, "filter": plain}


def create(session: Session, organization_id: int, fields: Mapping[str, Any]) -> Mailbox:
    """Return a new mailbox; raise Invalid or Conflict."""
    _check(fields)
    auth, text = credentials.text(fields)
    require_room(session, organization_id, _of(organization_id), MAX_MAILBOXES, "mailboxes")
    mailbox = Mailbox(organization_id=organization_id, auth=auth, credentials=b"", **_plain(fields))
    session.add(mailbox)
    session.flush()
    mailbox.credentials = encryption.encrypt(session, organization_id, CREDENTIALS, mailbox.id, text)
    return _flushed(session, mailbox)


def change(session: Session, organization_id: int, mailbox_id: int, fields: Mapping[str, Any]) -> Mailbox:
    """Return the changed mailbox; credentials that are not given stay, unless they would be sent elsewhere.

    Another server, user or folder is read from its first mail on; what is known already is not imported again.
    """
    _check(fields)
    mailbox = get(session, organization_id, mailbox_id, locked=True)
    plain = _plain(fields)
    moved = any(getattr(mailbox, name) != plain[name] for name in WHERE)
    if fields.get("password") or fields.get("oauth"):
        mailbox.auth, text = credentials.text(fields)
        mailbox.credentials = encryption.encrypt(session, organization_id, CREDENTIALS, mailbox.id, text)
        mailbox.access_token = mailbox.access_token_until = None
    elif moved:
        told = "is required, or oauth, as host, port, security or user is another: they would be sent there"
        raise Invalid.fields({"password": [told]})
    if moved or mailbox.folder != plain["folder"]:
        begin_epoch(mailbox, None)
    for name, value in plain.items():
        setattr(mailbox, name, value)
    mailbox.failing_since = mailbox.last_error = None
    mailbox.failures = mailbox.days_warned = 0
    mailbox.next_sync_at = mailbox.updated_at = func.clock_timestamp()  # type: ignore[assignment]
    return _flushed(session, mailbox)


def begin_epoch(mailbox: Mailbox, uid_validity: int | None) -> None:
    """Have a mailbox be read from its first mail on."""
    mailbox.epoch += 1
    mailbox.uid_validity, mailbox.last_uid = uid_validity, 0
    mailbox.troubled_uid, mailbox.troubles = None, 0


def delete(session: Session, organization_id: int, mailbox_id: int) -> None:
    """Delete the mailbox and what is known of its mails; its bills stay. Raise NotFound."""
    session.delete(get(session, organization_id, mailbox_id, locked=True))
    session.flush()
    session.execute(sql_delete(MailboxMail).where(MailboxMail.mailbox_id == mailbox_id))


def get(session: Session, organization_id: int, mailbox_id: int, locked: bool = False) -> Mailbox:
    """Return one mailbox; raise NotFound."""
    mailbox = find(session, organization_id, mailbox_id, locked)
    if mailbox is None:
        raise NotFound("mailbox not found")
    return mailbox


def find(session: Session, organization_id: int, mailbox_id: int, locked: bool = False) -> Mailbox | None:
    """Return one mailbox, None if there is none; once it is `locked`, as it is then."""
    found = _of(organization_id).where(Mailbox.id == mailbox_id)
    if locked:
        found = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(found)


def page(session: Session, organization_id: int, after: int, limit: int) -> Sequence[Mailbox]:
    """Return up to `limit` mailboxes with an id above `after`, in id order."""
    return session.scalars(_of(organization_id).where(Mailbox.id > after).order_by(Mailbox.id).limit(limit)).all()


def _of(organization_id: int) -> Select[Mailbox]:
    return select(Mailbox).where(Mailbox.organization_id == organization_id)


def _flushed(session: Session, mailbox: Mailbox) -> Mailbox:
    session.flush()
    session.refresh(mailbox)
    return mailbox


def _same(one: str, other: str) -> bool:
    """Return whether two names are of one folder: INBOX may be written anyhow (RFC 9051, 5.1)."""
    return one == other or one.upper() == other.upper() == INBOX


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in PLAIN}


def _check(fields: Mapping[str, Any]) -> None:
    errors = {
        name: ["must not have line breaks or controls"]
        for name in ("login", "folder", "password", "after")
        if BREAKS.search(fields.get(name) or "")
    }
    if fields["after"] not in (KEEP, SEEN) and not fields["after"].removeprefix(MOVE).strip():
        errors["after"] = ["must be keep, seen, or move: and a folder"]
    if fields["after"].startswith(MOVE) and _same(fields["after"].removeprefix(MOVE), fields["folder"]):
        errors["after"] = ["must not move mails to the folder that they are in"]
    try:
        imap.server(fields["host"], fields["port"], fields["security"])
    except imap.Refused as refused:
        errors["host"] = [f"is refused: {refused}"]
    if errors:
        raise Invalid.fields(errors)
