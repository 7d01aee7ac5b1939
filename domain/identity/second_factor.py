"""The second factor: a code of six digits from an authenticator, new every 30 s (RFC 6238), each taken once."""

import re
from typing import NamedTuple

import pyotp
from sqlalchemy.orm import Session

from db import clock
from db.models import User
from domain import encryption
from domain.errors import Invalid

COLUMN = "users.second_factor"
STEP_S = 30
SECRET = re.compile("[A-Z2-7]{32}")
ISSUER = "Counterfoil"
WRONG = "is not the code that the authenticator shows now"


class Offered(NamedTuple):
    """A secret that an authenticator may keep, and the same as the address that its picture shows."""

    secret: str
    uri: str


def offer(user: User, secret: str = "") -> Offered:
    """Return a secret for the user, or the one that was offered before, of no effect until a code of it is given."""
    secret = secret or pyotp.random_base32()
    return Offered(secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER))


def turn_on(session: Session, user: User, secret: str, code: str) -> None:
    """Ask for codes of this secret from now on; raise Invalid unless `code` is one."""
    step = _step_of(session, secret, code) if SECRET.fullmatch(secret) else None
    if step is None:
        raise Invalid.fields({"code": [WRONG]})
    user.second_factor = encryption.encrypt(session, user.organization_id, COLUMN, user.id, secret)
    user.second_factor_at = step


def turn_off(user: User) -> None:
    """Ask for a password alone."""
    user.second_factor = None


def accept(session: Session, user: User, code: str) -> bool:
    """Tell whether it is the code of now, which nobody has used before. The row of `user` must be locked."""
    if user.second_factor is None:
        return False
    secret = encryption.decrypt(session, user.organization_id, COLUMN, user.id, user.second_factor)
    step = _step_of(session, secret, code)
    if step is None or step <= user.second_factor_at:
        return False
    user.second_factor_at = step
    return True


def _step_of(session: Session, secret: str, code: str) -> int | None:
    """Return the step, of now or beside it, as clocks differ, of which this is the code."""
    given, now = code.replace(" ", ""), int(clock.now(session).timestamp()) // STEP_S
    near = (step for step in (now - 1, now, now + 1) if pyotp.TOTP(secret).at(step * STEP_S) == given)
    return next(near, None)
