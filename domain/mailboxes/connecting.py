"""The way into a mailbox: read from its row in one transaction, gone while none is open."""

from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

import settings
from db.models import Mailbox
from domain import encryption
from domain.mailboxes import credentials
from domain.mailboxes.credentials import OAUTH, Access
from domain.mailboxes.registration import ACCESS_TOKEN, CREDENTIALS
from domain.master_keys import Undecryptable
from gateways import imap
from gateways.imap import Denied, Folder, Refused, Trouble


@dataclass(frozen=True)
class Way:
    """Where a mailbox is, and what lets us in."""

    host: str
    port: int
    security: str
    login: str
    folder: str
    auth: str
    kept: str = field(repr=False)
    token: str | None = field(repr=False)


class NoWay(Exception):
    """The mailbox cannot be opened; a new access token may have been had on the way."""

    def __init__(self, reason: str, access: Access | None):
        super().__init__(reason)
        self.access = access


class Open(NamedTuple):
    """The folder, and the new access token if one was asked for."""

    folder: Folder
    access: Access | None


def way(session: Session, mailbox: Mailbox) -> Way:
    """Return the way into a mailbox; raise NoWay if what lets us in is lost, or MasterKeyLacking."""
    try:
        kept, token = _decrypted(session, mailbox)
    except Undecryptable as lost:
        raise NoWay(f"{lost}: give the password or tokens again", None) from lost
    where = mailbox.host, mailbox.port, mailbox.security, mailbox.login, mailbox.folder, mailbox.auth
    return Way(*where, kept, token)


def _decrypted(session: Session, mailbox: Mailbox) -> tuple[str, str | None]:
    own, token = (session, mailbox.organization_id), None
    if mailbox.access_token is not None and session.scalar(_good(mailbox)):
        token = encryption.decrypt(*own, ACCESS_TOKEN, mailbox.id, mailbox.access_token)
    return encryption.decrypt(*own, CREDENTIALS, mailbox.id, mailbox.credentials), token


def open_folder(way: Way) -> Open:
    """Open the mailbox with no transaction open; raise NoWay. A token that is no longer good is replaced once."""
    access = None
    try:
        if way.auth == OAUTH and way.token is None:
            access = credentials.oauth(way.kept).access()
        try:
            return Open(_opened(way, access), access)
        except Denied:
            if way.auth != OAUTH or access is not None:
                raise
        access = credentials.oauth(way.kept).access()
        return Open(_opened(way, access), access)
    except (Trouble, Refused) as error:
        raise NoWay(str(error), access) from error


def keep(session: Session, mailbox: Mailbox, access: Access | None) -> None:
    """Keep a new access token until it ends, and the refresh token that came with it."""
    if access is None:
        return
    own = session, mailbox.organization_id
    kept = encryption.decrypt(*own, CREDENTIALS, mailbox.id, mailbox.credentials)
    if renewed := credentials.renewed(kept, access):
        mailbox.credentials = encryption.encrypt(*own, CREDENTIALS, mailbox.id, renewed)
    mailbox.access_token = encryption.encrypt(*own, ACCESS_TOKEN, mailbox.id, access.token)
    mailbox.access_token_until = text(  # type: ignore[assignment]
        f"clock_timestamp() + interval '{int(access.seconds)} seconds'"
    )
    session.flush()


def seconds() -> float:
    """Return how long one talk with a server may take: two, and what is done with a mail, end within a lease."""
    return settings.current().task_timeout / 2


def _opened(way: Way, access: Access | None) -> Folder:
    server = imap.server(way.host, way.port, way.security)
    login = credentials.login(way.login, way.kept, access.token if access else way.token)
    return imap.open_folder(server, way.security, login, way.folder, seconds())


def _good(mailbox: Mailbox):  # type: ignore[no-untyped-def]
    return select(Mailbox.access_token_until > func.clock_timestamp()).where(Mailbox.id == mailbox.id)
