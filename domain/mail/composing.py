"""A mail as it is sent: ASCII throughout, with lines that every relay takes, and the same however often it is made."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from domain.errors import Invalid
from domain.mail.templates import Written

POLICY = SMTP.clone(cte_type="7bit")
MAX_BYTES = 20 * 1024 * 1024
# What each level of parts is divided by: of our own making, or the bytes would differ from one attempt to the next.
MIXED, ALTERNATIVE = "mixed", "alternative"


class File(NamedTuple):
    """What is attached: its name, its type and its bytes."""

    name: str
    type: str
    data: bytes


class Envelope(NamedTuple):
    """The headers of a mail."""

    message_id: str
    sender: Address
    reply_to: str | None
    recipients: Sequence[str]
    subject: str
    at: datetime


def compose(envelope: Envelope, written: Written, files: Sequence[File]) -> bytes:
    """Return the message; raise Invalid if it is larger than relays take."""
    size = sum(len(file.data) for file in files) * 4 // 3
    if size > MAX_BYTES:
        raise Invalid(f"the attachments would have {size:,} bytes in the mail; {MAX_BYTES:,} can be sent")
    message = _headed(envelope)
    message.set_content(written.text, cte="quoted-printable")
    message.add_alternative(written.html, subtype="html", cte="quoted-printable")
    token = envelope.message_id.strip("<>").partition("@")[0]
    message.set_boundary(f"={ALTERNATIVE}={token}=")
    for file in files:
        main, _, sub = file.type.partition("/")
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    if files:
        message.set_boundary(f"={MIXED}={token}=")
    return message.as_bytes()


def _headed(envelope: Envelope) -> EmailMessage:
    message = EmailMessage(POLICY)
    message["From"] = envelope.sender
    message["To"] = [Address(addr_spec=one) for one in envelope.recipients]
    if envelope.reply_to:
        message["Reply-To"] = Address(addr_spec=envelope.reply_to)
    message["Subject"] = envelope.subject
    message["Date"] = format_datetime(envelope.at)
    message["Message-ID"] = envelope.message_id
    message["Auto-Submitted"] = "auto-generated"
    return message
