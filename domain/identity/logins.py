"""Logging in: attempts are counted before anything is compared, by account, by address, and by both."""

import hashlib
import ipaddress
import logging
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.orm import Session

from db.acting import Act
from db.models import LoginAttempts, User
from db.queries import run
from db.transaction import statement, transaction
from domain.errors import Forbidden, Refusal, say
from domain.identity import audit, passwords, second_factor, sessions, users
from domain.identity.callers import USER
from domain.identity.sessions import Browser, Visit

log = logging.getLogger(__name__)
BY_BOTH, BY_ADDRESS, BY_ACCOUNT = 10, 50, 100
PATH = "/api/v1/users"
WRONG = "the address or the password is wrong"
WRONG_CODE = "the code is wrong, or was used already: wait for the next one"


class TooManyAttempts(Refusal):
    """Somebody has tried too often: `pause` is when to come again, in seconds."""

    def __init__(self, pause: int):
        super().__init__(
            say("there were too many attempts to log in: try again in %(minutes)s minutes", minutes=pause // 60 + 1)
        )


class LoggedIn(NamedTuple):
    """Who has logged in, the token for the browser's cookie, and whether a second factor lacks yet."""

    user: User
    token: str
    lacks_second_factor: bool


def log_in(email: str, password: str, browser: Browser) -> LoggedIn:
    """Return a new session for the user of that address; raise Forbidden or TooManyAttempts.

    An attempt takes as long whether or not there is such a user.
    """
    with statement() as session:
        known = sessions.is_known(session, email, browser.address)
        _count(session, email, browser.address, known)
        user = users.of_email(session, email)
    right = passwords.matches(password, user.password_hash if user else None)
    if user is None or not right:
        log.warning("a login failed from %s", browser.address)
        raise Forbidden(WRONG)
    with transaction() as session:
        user = _still(session, user)
        lacks = user.second_factor is not None
        return _let_in(session, user, browser, lacks)


def give_code(visit: Visit, code: str, browser: Browser) -> LoggedIn:
    """Return the session that takes the place of one that lacks a second factor; raise as `log_in` does."""
    with statement() as session:
        _count(session, visit.email, browser.address, known=False)
    with transaction() as session:
        user = users.locked(session, visit.caller.organization_id, visit.user_id)
        if not second_factor.accept(session, user, code):
            raise Forbidden(WRONG_CODE)
        sessions.end(session, visit.session_id)
        return _let_in(session, user, browser, lacks=False)


def confirm(visit: Visit, password: str, browser: Browser) -> None:
    """Take the password once more, for what asks for it; raise as `log_in` does."""
    with statement() as session:
        user = users.of_email(session, visit.email)
        _count(session, visit.email, browser.address, known=True)
    if not passwords.matches(password, user.password_hash if user else None):
        raise Forbidden("the password is wrong")
    with transaction() as session:
        _forget(session, visit.email, browser.address)
        sessions.confirm(session, visit.session_id)


def enter_by_link(session: Session, token: str, password_hash: str, browser: Browser) -> LoggedIn:
    """Return a new session for the user of a link, who has chosen a password; raise NotFound."""
    user = users.choose_password(session, token, password_hash)
    _log(session, user, browser, "choosePassword")
    return enter(session, user, browser)


def enter(session: Session, user: User, browser: Browser) -> LoggedIn:
    """Return a new session for a user whom something else than a password has proved."""
    return _let_in(session, user, browser, user.second_factor is not None)


def log_out(session: Session, visit: Visit, browser: Browser) -> None:
    """End the session of this browser."""
    sessions.end(session, visit.session_id)
    _log(session, users.get(session, visit.caller.organization_id, visit.user_id), browser, "logOut")


def count_address(session: Session, address: str | None) -> None:
    """Count one attempt of another kind, such as to follow a link, to the address; raise TooManyAttempts."""
    _take(session, BY_ADDRESS, "address", _network(address))


def _count(session: Session, email: str, address: str | None, known: bool) -> None:
    """Raise TooManyAttempts if one of the counters is full.

    That of the account alone does not count where the user has logged in before: strangers lock nobody out.
    """
    folded, network = users.fold(email), _network(address)
    # In this order: what one address has too much of fills no counter that it shares with others.
    _take(session, BY_ADDRESS, "address", network)
    _take(session, BY_BOTH, "both", folded, network)
    if not known:
        _take(session, BY_ACCOUNT, "account", folded)


def _take(session: Session, per_hour: int, *counted: str) -> None:
    if not run(session, "count_attempt", counter=_counter(*counted), per_hour=per_hour):
        raise TooManyAttempts(3600 // per_hour)


def _forget(session: Session, email: str, address: str | None) -> None:
    counter = _counter("both", users.fold(email), _network(address))
    session.execute(delete(LoginAttempts).where(LoginAttempts.counter == counter))


def _let_in(session: Session, user: User, browser: Browser, lacks: bool) -> LoggedIn:
    if not lacks:
        _forget(session, user.email, browser.address)
        _log(session, user, browser, "logIn")
    return LoggedIn(user, sessions.start(session, user, browser, lacks), lacks)


def _log(session: Session, user: User, browser: Browser, action: str) -> None:
    who = f"{USER}:{user.id}"
    audit.add(session, Act(user.organization_id, who, user.name, browser.address, action, f"{PATH}/{user.id}"))


def _still(session: Session, user: User) -> User:
    """Return the user as it is now, unless it was disabled or has another password since it was read."""
    now = users.locked(session, user.organization_id, user.id)
    if now.disabled_at or now.password_hash != user.password_hash:
        raise Forbidden(WRONG)
    return now


def _counter(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()


def _network(address: str | None) -> str:
    """Return the address, of IPv6 the network of 64 bits, of which one household has all."""
    if not address:
        return ""
    parsed = ipaddress.ip_address(address)
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed  # as a server that listens on both has it
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
