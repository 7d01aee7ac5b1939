"""Who gets a mail, what the relay said of each, and what was written, under the key of the client that it concerns.

A mail that concerns no client is under the organization's key. Without a master key addresses are kept as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Client, Mail
from domain import encryption, master_keys
from domain.encryption import DataKey
from domain.master_keys import Undecryptable
from domain.parties import contacts

MESSAGE, ADDRESSES = "mails.message", "mails.addresses"
SECRET = ("address", "answer")
Recipients = list[dict[str, Any]]
# The mails of a client whose key is gone are gone as well; who asks meanwhile is told so.
GONE = "-"


def concerned(session: Session, organization_id: int, client_id: int | None, to: Iterable[str]) -> int | None:
    """Return the client under whose key a mail is kept: the one it is about, else one with an address of `to`.

    None if there is no such client, or it was removed. It is not removed before the transaction ends.
    """
    if not master_keys.are_given():
        return None
    wanted = select(Client.id).where(Client.organization_id == organization_id, Client.contact.is_not(None))
    if client_id is None:
        own = encryption.found_key(session, organization_id)
        indexes = [contacts.index(own, one) for one in to] if own else []
        wanted = wanted.where(Client.email_index.in_(indexes)).order_by(Client.id).limit(1)
    else:
        wanted = wanted.where(Client.id == client_id)
    return session.scalar(wanted.with_for_update(read=True, key_share=True))


def keep(session: Session, mail: Mail, recipients: Recipients) -> None:
    """Have the mail keep its recipients and what became of each."""
    if not master_keys.are_given():
        mail.recipients = recipients
        return
    secret = [{name: one[name] for name in SECRET} for one in recipients]
    key = _key_of(session, mail)
    mail.addresses = key.seal(mail.organization_id, ADDRESSES, mail.id, orjson.dumps(secret).decode())
    mail.recipients = [{name: value for name, value in one.items() if name not in SECRET} for one in recipients]


def keep_message(session: Session, mail: Mail, text: str) -> None:
    """Have the mail keep what somebody wrote; raise Conflict without a master key, or MasterKeyLacking."""
    master_keys.current()
    key = _key_of(session, mail)
    mail.message = key.seal(mail.organization_id, MESSAGE, mail.id, text)


def recipients(session: Session, organization_id: int, mails: Sequence[Any]) -> list[Recipients]:
    """Return the recipients of each of an organization's mails; raise Undecryptable, or MasterKeyLacking."""
    sealed = [mail for mail in mails if mail.addresses is not None]
    keys = _keys(session, organization_id, sealed)
    return [_opened(organization_id, mail, keys) for mail in mails]


def message(session: Session, mail: Mail) -> str | None:
    """Return what somebody wrote in the mail, None if nobody did; raise Undecryptable, or MasterKeyLacking."""
    if mail.message is None:
        return None
    if mail.client_id is None:
        return encryption.decrypt(session, mail.organization_id, MESSAGE, mail.id, mail.message)
    if key := encryption.client_keys(session, mail.organization_id, [mail.client_id]).get(mail.client_id):
        return key.open(mail.organization_id, MESSAGE, mail.id, mail.message)
    raise Undecryptable(f"{MESSAGE} of row {mail.id} cannot be decrypted: the key of its client is gone")


def _key_of(session: Session, mail: Mail) -> DataKey:
    if mail.client_id is None:
        return encryption.organization_key(session, mail.organization_id)
    return encryption.have_client_keys(session, mail.organization_id, [mail.client_id])[mail.client_id]


def _keys(session: Session, organization_id: int, sealed: Sequence[Any]) -> dict[int | None, DataKey | None]:
    client_ids = {mail.client_id for mail in sealed} - {None}
    found = encryption.client_keys(session, organization_id, client_ids) if client_ids else {}
    keys: dict[int | None, DataKey | None] = dict(found.items())
    if any(mail.client_id is None for mail in sealed):
        keys[None] = encryption.found_key(session, organization_id)
    return keys


def _opened(organization_id: int, mail: Any, keys: Mapping[int | None, DataKey | None]) -> Recipients:
    if mail.addresses is None:
        return list(mail.recipients)
    key = keys.get(mail.client_id)
    if key is None:
        return [{**one, "address": GONE, "answer": None} for one in mail.recipients]
    secret = orjson.loads(key.open(organization_id, ADDRESSES, mail.id, bytes(mail.addresses)))
    return [{**one, **said} for one, said in zip(mail.recipients, secret, strict=True)]
