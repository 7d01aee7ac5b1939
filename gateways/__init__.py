"""The only room that talks to the world outside, and never inside a transaction.

A stranger may take fifteen seconds to answer: a transaction that waited for that would hold its locks as long, and what
was sent would stay sent if it rolled back.
"""

from collections.abc import Callable


def _nobody_said() -> bool:
    return False


_is_inside: Callable[[], bool] = _nobody_said


def forbid_while(is_inside: Callable[[], bool]) -> None:
    """Have every gateway refuse to talk from now on while `is_inside` returns true in the thread that asks."""
    global _is_inside
    _is_inside = is_inside


def require_outside() -> None:
    """Raise RuntimeError if this thread has a transaction open: each function that talks to the outside begins so."""
    if _is_inside():
        raise RuntimeError(
            "the outside world was called inside a transaction: a handler that works outside yields what it does there"
        )
