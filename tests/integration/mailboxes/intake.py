"""Bills as mailboxes know them: a row for each content, in the transaction of its mail."""

from hashlib import sha256
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import owner_url
from domain.mailboxes import attachments
from domain.mailboxes.attachments import PICTURE, Stored
from domain.mailboxes.reading import Attachment
from local.postgres import PART
from tests.conftest import execute

TABLE = f"""CREATE TABLE received (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organization_id bigint NOT NULL, sha256 bytea UNIQUE,
        name text);
    GRANT ALL ON received TO {PART};
    GRANT USAGE ON SEQUENCE received_id_seq TO {PART}"""
INSERT = text(
    "INSERT INTO received (organization_id, sha256, name) VALUES (:organization_id, :sha256, :name)"
    " ON CONFLICT (sha256) DO UPDATE SET name = received.name RETURNING id"
)


class File(NamedTuple):
    sha256: bytes


def receive_bills(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have attachments that are PDFs become rows of a table of this test's database."""
    execute(owner_url(), TABLE)
    monkeypatch.setattr(attachments, "store", _store)
    monkeypatch.setattr(attachments, "receive", _receive)


def _store(organization_id: int, attachment: Attachment) -> Stored:
    about = attachment.name or "attachment", attachment.type, len(attachment.data)
    if attachment.is_picture_of_text:
        return Stored(*about, reason=PICTURE)
    if not attachment.data.startswith((b"%PDF", b"\x89PNG")):
        return Stored(*about, reason="the file must be a PDF or a PNG")
    return Stored(*about, file=File(sha256(attachment.data).digest()))


def _receive(session: Session, organization_id: int, stored: list[Stored]) -> list[dict[str, Any]]:
    told = []
    for one in stored:
        about = one.about()
        if one.file:
            terms = {"organization_id": organization_id, "sha256": one.file.sha256, "name": one.name}
            about["bill_id"] = session.execute(INSERT, terms).scalar_one()
        told.append(about)
    return told
