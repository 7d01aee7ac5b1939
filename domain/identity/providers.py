"""Who a provider of OpenID Connect has let in is one of our users, or nobody."""

import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

import settings
from db import clock
from db.models import User
from db.transaction import statement, transaction
from domain.errors import Forbidden
from domain.identity import logins, sessions, users
from domain.identity.logins import LoggedIn
from domain.identity.sessions import Browser, Visit
from gateways import openid
from gateways.openid import Attempt, Identity

ANEW = "this attempt to log in is over, or was begun in another browser: begin anew"
# Since the provider has asked: the way back, and clocks that differ.
FRESH_S = 180
STRANGER = "no user here has the address that the provider knows of you: ask whoever keeps the users to invite you"


def name() -> str:
    """Return the name of the provider's host, nothing if there is no provider."""
    return urlsplit(settings.current().oidc_issuer).hostname or ""


def back(path: str) -> str:
    """Return where the provider leads back to."""
    return settings.current().public_url.rstrip("/") + path


def set_out(back: str, anew: bool = False) -> tuple[Attempt, str]:
    """Return what the browser keeps, and the provider's page to which it goes; raise Forbidden.

    `anew` has the provider ask who it is, also one whom it knows.
    """
    begun = openid.attempt()
    try:
        return begun, openid.address(begun, back, anew)
    except openid.Failed as failed:
        raise Forbidden(str(failed)) from failed


def log_in(begun: Sequence[str], back: str, answer: Mapping[str, str], browser: Browser) -> LoggedIn:
    """Return a new session for the user whom the provider has let in, as its `answer` says.

    Raise Forbidden, or TooManyAttempts, as the provider is asked for each.

    `begun` is what the browser has kept: an answer to what another browser began lets nobody in.
    """
    who = _ask(begun, back, answer, browser)
    with transaction() as session:
        return logins.enter(session, _user(session, who), browser)


def confirm(visit: Visit, begun: Sequence[str], back: str, answer: Mapping[str, str], browser: Browser) -> None:
    """Take the provider's word for a password, if it has asked the user of the visit anew; raise as `log_in` does."""
    who = _ask(begun, back, answer, browser)
    with transaction() as session:
        if clock.now(session).timestamp() - who.asked_at > FRESH_S:  # it was only remembered
            raise Forbidden("the provider has not asked anew who you are")
        if _user(session, who).id != visit.user_id:
            raise Forbidden("the provider has let in another user than the one who is logged in here")
        sessions.confirm(session, visit.session_id)


def _ask(begun: Sequence[str], back: str, answer: Mapping[str, str], browser: Browser) -> Identity:
    attempt = Attempt(*begun) if len(begun) == len(Attempt._fields) else None
    if attempt is None or not hmac.compare_digest(*map(_bytes, (attempt.state, answer.get("state", "")))):
        raise Forbidden(ANEW)
    if "code" not in answer:
        raise Forbidden("the provider has not let you in")
    with statement() as session:
        logins.count_address(session, browser.address)
    try:
        return openid.identity(attempt, back, answer["code"])
    except openid.Failed as failed:
        raise Forbidden(str(failed)) from failed


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _user(session: Session, who: Identity) -> User:
    """Return the user who is known by this subject, or by an address that the provider has verified; keep the subject.

    An address may be given to somebody else: once a subject is known, the address proves nothing.
    """
    subject = f"{who.issuer} {who.subject}"
    user = session.scalar(select(User).where(User.subject == subject).with_for_update())
    if user is None and who.email:
        found = select(User).where(User.folded_email == users.fold(who.email), User.subject.is_(None))
        user = session.scalar(found.with_for_update())
        if user:
            user.subject = subject
    if user is None or user.disabled_at:
        raise Forbidden(STRANGER)
    return user
