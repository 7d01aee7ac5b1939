"""What comes with a mail becomes bills: stored while no transaction is open, received with the mail's row."""

from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from domain.bills import intake
from domain.errors import Invalid
from domain.files import spooling, storing
from domain.files.names import clean
from domain.mailboxes.reading import Attachment

NAMELESS = "attachment"
PICTURE = "a picture of the mail's text"
AT_ONCE = 64 * 1024


class Stored(NamedTuple):
    """An attachment, and its file if a bill can come of it, else the reason why none does."""

    name: str
    type: str
    size: int
    file: Any = None
    reason: str | None = None

    def about(self) -> dict[str, Any]:
        """Return what its mail's row keeps of it."""
        return {"name": self.name, "type": self.type, "size": self.size, "bill_id": None, "reason": self.reason}


def named(said: str) -> str:
    """Return the name of an attachment as it is shown, whatever its sender says."""
    return clean(said) if said else NAMELESS


def store(organization_id: int, attachment: Attachment) -> Stored:
    """Return the attachment, stored if its content may be a bill's; raise OverQuota, Away, or Conflict."""
    about = named(attachment.name), attachment.type, len(attachment.data)
    if attachment.is_picture_of_text:
        return Stored(*about, reason=PICTURE)
    pieces = (attachment.data[start : start + AT_ONCE] for start in range(0, len(attachment.data), AT_ONCE))
    try:
        with spooling.spool(pieces, len(attachment.data)) as spooled:
            return Stored(*about, file=storing.store(organization_id, spooled))
    except Invalid as refused:
        return Stored(*about, reason=str(refused))


def receive(session: Session, organization_id: int, stored: list[Stored]) -> list[dict[str, Any]]:
    """Write the bills of the files, in the transaction of their mail; return what its row keeps of each attachment."""
    told = {id(one): one.about() for one in stored}
    # In one order everywhere, or two mails with the same files would wait for each other.
    for one in sorted((one for one in stored if one.file), key=lambda one: one.file.sha256):
        received = intake.receive(session, one.file, one.name, intake.MAILBOX)
        told[id(one)] |= {"bill_id": received.bill.id}
    return [told[id(one)] for one in stored]
