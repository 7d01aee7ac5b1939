"""Passwords, as Argon2id hashes of the cost that OWASP recommends: 19 MiB, two passes, one thread."""

from collections.abc import Callable
from functools import cache
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import Invalid, NotYet, say

SHORTEST, LONGEST, DISTINCT, WORD = 12, 200, 5, 4
# A hash takes a core for some 30 ms: what strangers send must not take them all.
AT_ONCE, PATIENCE_S = 2, 5.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_slots = BoundedSemaphore(AT_ONCE)
Result = TypeVar("Result")


class Busy(NotYet):
    """As many passwords as one process looks at are being looked at."""


def make_hash(password: str, *known: str) -> str:
    """Return the hash of a password that is chosen; raise Invalid if it is easy to guess, as by the words `known`."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid.fields(
            {"password": [say("must have %(least)s to %(most)s characters", least=SHORTEST, most=LONGEST)]}
        )
    if len(set(password)) < DISTINCT:
        raise Invalid.fields({"password": [say("must have %(count)s different characters", count=DISTINCT)]})
    if any(len(word) >= WORD and word.casefold() in password.casefold() for word in known):
        raise Invalid.fields({"password": ["must not contain your name, address or organization"]})
    return _in_turn(lambda: _hasher.hash(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Tell whether it is the password of this hash; it takes as long where there is none."""
    return _in_turn(lambda: _is(password, password_hash or _of_nobody())) and password_hash is not None


def _is(password: str, password_hash: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False


@cache
def _of_nobody() -> str:
    return _hasher.hash("nobody")


def _in_turn(work: Callable[[], Result]) -> Result:
    if not _slots.acquire(timeout=PATIENCE_S):
        raise Busy("too many people log in at once: try again in a moment")
    try:
        return work()
    finally:
        _slots.release()
