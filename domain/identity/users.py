"""The people of an organization: invited by a link, with a role, disabled but never deleted."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db import clock
from db.models import Organization, User, UserLink, UserSession
from db.transaction import savepoint, violated
from domain.errors import Conflict, NotFound, Taken
from domain.identity import organizations, passwords, roles, tokens

MAX_USERS = 1000
LINK_HOURS = 72
USED = "this link was used, replaced or has expired: ask whoever keeps the users for another"


class Invited(NamedTuple):
    """A user as it was made, and the token of the link that lets it choose a password."""

    user: User
    token: str


def invite(session: Session, organization_id: int, email: str, name: str, role: str) -> Invited:
    """Return a new user and its link; raise Taken or Conflict."""
    own = select(User).where(User.organization_id == organization_id)
    organizations.require_room(session, organization_id, own, MAX_USERS, "users")
    user = User(organization_id=organization_id, email=email, folded_email=fold(email), name=name, role=role)
    try:
        with savepoint(session):
            session.add(user)
            session.flush()
    except IntegrityError as error:
        if violated(error) != "users_email_key":
            raise
        raise Taken("user", "email") from None
    session.refresh(user)
    return Invited(user, make_link(session, user))


def page(session: Session, organization_id: int, after: int, limit: int) -> Sequence[User]:
    """Return up to `limit` users with an id above `after`, in id order."""
    own = select(User).where(User.organization_id == organization_id, User.id > after)
    return session.scalars(own.order_by(User.id).limit(limit)).all()


def get(session: Session, organization_id: int, user_id: int) -> User:
    """Return one user; raise NotFound."""
    user = session.scalar(select(User).where(User.organization_id == organization_id, User.id == user_id))
    if user is None:
        raise NotFound("user not found")
    return user


def locked(session: Session, organization_id: int, user_id: int) -> User:
    """Return one user, whom nobody else changes until the end of the transaction; raise NotFound."""
    own = select(User.id).where(User.organization_id == organization_id, User.id == user_id)
    session.execute(own.with_for_update())
    return get(session, organization_id, user_id)


def of_email(session: Session, email: str) -> User | None:
    """Return the user of the installation that has this address."""
    return session.scalar(select(User).where(User.folded_email == fold(email)))


def everyone(session: Session) -> Sequence[tuple[User, str]]:
    """Return the users of all organizations, each with its organization's name, in id order."""
    owned = select(User, Organization.name).join(Organization, Organization.id == User.organization_id)
    return [(user, name) for user, name in session.execute(owned.order_by(User.id))]


def permissions(session: Session, organization_id: int, user_id: int) -> frozenset[str] | None:
    """Return what a user may do now, None if it is disabled."""
    found = select(User.role).where(User.organization_id == organization_id, User.id == user_id)
    role = session.scalar(found.where(User.disabled_at.is_(None)))
    return None if role is None else roles.granted(role, None)


def change(session: Session, user: User, *, name: str, role: str, disabled: bool) -> User:
    """Set what an organization says of its user; a disabled one is logged out. Raise Conflict for the last owner."""
    was_owner, may_more = _is_owner(user), roles.granted(role, None) > roles.granted(user.role, None)
    user.name, user.role = name, role
    user.disabled_at = (user.disabled_at or clock.now(session)) if disabled else None
    if was_owner and not _is_owner(user):
        _require_another_owner(session, user)
    if disabled or may_more:  # whoever made the link may do less than the user does now
        session.execute(delete(UserLink).where(UserLink.user_id == user.id))
    if disabled:
        end_sessions(session, user)
    session.flush()
    return user


def make_link(session: Session, user: User) -> str:
    """Return the token of a link by which the user chooses a password; links made before open nothing any more."""
    if user.disabled_at:
        raise Conflict("the user is disabled: enable it first")
    token = tokens.new()
    values = {"token_hash": tokens.digest(token), "expires_at": clock.now(session) + timedelta(hours=LINK_HOURS)}
    made = insert(UserLink).values(user_id=user.id, **values)
    session.execute(made.on_conflict_do_update(index_elements=[UserLink.user_id], set_=values))
    return token


def of_link(session: Session, token: str) -> User:
    """Return whose link it is; raise NotFound."""
    linked = select(User).join(UserLink, UserLink.user_id == User.id).where(User.disabled_at.is_(None))
    valid = linked.where(UserLink.token_hash == tokens.digest(token), UserLink.expires_at > func.clock_timestamp())
    user = session.scalar(valid)
    if user is None:
        raise NotFound(USED)
    return user


def choose_password(session: Session, token: str, password_hash: str) -> User:
    """Give the user of the link its password, and ask for no second factor any more; raise NotFound."""
    user = of_link(session, token)
    if session.scalar(delete(UserLink).where(UserLink.token_hash == tokens.digest(token)).returning(1)) is None:
        raise NotFound(USED)
    user.second_factor = None
    set_password(session, user, password_hash)
    return user


def set_password(session: Session, user: User, password_hash: str) -> None:
    """Give the user another password; no link opens any more, and all its browsers are logged out."""
    user.password_hash = password_hash
    session.execute(delete(UserLink).where(UserLink.user_id == user.id))
    end_sessions(session, user)


def hash_of(user: User, password: str) -> str:
    """Return the hash of a password that the user chooses; raise Invalid."""
    return passwords.make_hash(password, user.email.partition("@")[0], *user.name.split(), "counterfoil")


def end_sessions(session: Session, user: User) -> None:
    """Log out all browsers of the user."""
    open_ones = update(UserSession).where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
    session.execute(open_ones.values(ended_at=func.clock_timestamp()))


def fold(email: str) -> str:
    """Return an address as it is compared: letters in any case are one, those of ASCII, which all of ours have.

    Others would fold to letters of ASCII: ſam@example.com is not sam@example.com.
    """
    return email.strip().lower() if email.isascii() else email.strip()


def _is_owner(user: User) -> bool:
    return user.disabled_at is None and user.role in (roles.OWNER, roles.OPERATOR)


def _require_another_owner(session: Session, user: User) -> None:
    # Two owners who take away each other's role at once would both be gone.
    alone = select(Organization.id).where(Organization.id == user.organization_id)
    session.execute(alone.with_for_update(key_share=True))
    others = select(User.id).where(User.organization_id == user.organization_id, User.id != user.id)
    owners = others.where(User.disabled_at.is_(None), User.role.in_([roles.OWNER, roles.OPERATOR]))
    if session.scalar(owners.limit(1)) is None:
        raise Conflict("this is the last owner: make another user an owner first")
