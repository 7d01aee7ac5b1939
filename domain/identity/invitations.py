"""The links by which users choose a password: where they lead, and the mail that brings one."""

from sqlalchemy.orm import Session

import settings
from db.models import Organization, User
from domain.errors import Conflict
from domain.identity.users import LINK_HOURS
from domain.mail import sending
from settings import variable

PATH = "/console/password/{token}"
SUBJECT = "Your access to {organization}"
TEXT = """Hello {name},

this link lets you choose the password by which you log in to {organization}:

{link}

It opens once, in the next {hours} hours. If you did not expect this mail, do nothing."""


def link(token: str) -> str:
    """Return where the link leads, below the address that people type, or without one as a path."""
    return settings.current().public_url.rstrip("/") + PATH.format(token=token)


def send(session: Session, user: User, token: str) -> None:
    """Owe the mail with the link; raise Conflict where it cannot be sent, or nobody knows where the console is."""
    if not settings.current().public_url:
        raise Conflict(f"no link can be mailed: the operator sets {variable('public_url')}, the address of the console")
    organization = session.get_one(Organization, user.organization_id).name
    text = TEXT.format(name=user.name, organization=organization, link=link(token), hours=LINK_HOURS)
    subject = " ".join(SUBJECT.format(organization=organization).split())
    sending.send(session, user.organization_id, to=[user.email], subject=subject, text=text)
