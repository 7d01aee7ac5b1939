"""Sessions: a browser of a user that has logged in, known by its cookie until it is logged out."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Update, func, select, update
from sqlalchemy.orm import Session

from db import clock
from db.models import User, UserSession
from db.queries import run
from domain.errors import NotFound
from domain.identity import roles, tokens
from domain.identity.callers import USER, Caller
from domain.identity.users import fold

IDLE_HOURS, LONGEST_DAYS, SECOND_FACTOR_MINUTES, CONFIRMED_MINUTES = 12, 7, 5, 10
BROWSER_LENGTH = 200


class Browser(NamedTuple):
    """Where a request comes from: the address, None if by a socket file, and what the browser calls itself."""

    address: str | None
    name: str


class Visit(NamedTuple):
    """An open session: who is there, for which organization, and whether the password was given in ten minutes."""

    session_id: int
    user_id: int
    email: str
    caller: Caller
    organization_name: str
    lacks_second_factor: bool
    is_confirmed: bool
    has_password: bool


def start(session: Session, user: User, browser: Browser, lacks_second_factor: bool = False) -> str:
    """Return the token of a new session, which opens nothing but the page for the second factor while that lacks."""
    token = tokens.new()
    longest = timedelta(minutes=SECOND_FACTOR_MINUTES) if lacks_second_factor else timedelta(days=LONGEST_DAYS)
    now = clock.now(session)
    if not lacks_second_factor:
        user.last_seen_at = now
    made = UserSession(
        user_id=user.id,
        token_hash=tokens.digest(token),
        lacks_second_factor=lacks_second_factor,
        expires_at=now + longest,
        address=browser.address,
        browser=browser.name[:BROWSER_LENGTH],
    )
    session.add(made)
    session.flush()
    return token


def find(session: Session, token: str) -> Visit | None:
    """Return the open session of this token, None if there is none; that it was used is written down each minute."""
    limits = {"idle_hours": IDLE_HOURS, "confirmed_minutes": CONFIRMED_MINUTES}
    [row] = run(session, "find_session", token_hash=tokens.digest(token), **limits) or [None]
    if row is None:
        return None
    if row.idle:
        run(session, "touch_session", session_id=row.session_id)
    held = roles.granted(row.role, None)
    caller = Caller(f"{USER}:{row.user_id}", row.name, row.organization_id, held, row.max_requests_per_second)
    known = row.email, caller, row.organization_name, row.lacks_second_factor, row.is_confirmed, row.has_password
    return Visit(row.session_id, row.user_id, *known)


def confirm(session: Session, session_id: int) -> None:
    """Write down that the password was given just now."""
    session.execute(_one(session_id).values(confirmed_at=func.clock_timestamp()))


def end(session: Session, session_id: int) -> None:
    """Let the session open nothing any more."""
    session.execute(_one(session_id).values(ended_at=func.clock_timestamp()))


def open_ones(session: Session, user_id: int) -> Sequence[UserSession]:
    """Return the browsers in which the user is logged in, the one that was used last first."""
    idle_since = func.clock_timestamp() - timedelta(hours=IDLE_HOURS)
    known = select(UserSession).where(
        UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.lacks_second_factor.is_(False),
        UserSession.expires_at > func.clock_timestamp(), UserSession.seen_at > idle_since,
    )  # fmt: skip
    return session.scalars(known.order_by(UserSession.seen_at.desc())).all()


def end_one(session: Session, user_id: int, session_id: int) -> None:
    """Log a browser of the user out; raise NotFound."""
    ended = _one(session_id).where(UserSession.user_id == user_id).values(ended_at=func.clock_timestamp())
    if session.scalar(ended.returning(UserSession.id)) is None:
        raise NotFound("this browser is logged out already")


def is_known(session: Session, email: str, address: str | None) -> bool:
    """Tell whether the user of that email has logged in from this address of late.

    It takes as long whether or not there is such a user.
    """
    earlier = select(UserSession.id).join(User, User.id == UserSession.user_id).where(
        User.folded_email == fold(email), UserSession.address == address, UserSession.lacks_second_factor.is_(False)
    )  # fmt: skip
    return session.scalar(earlier.limit(1)) is not None


def _one(session_id: int) -> Update:
    return update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None))
