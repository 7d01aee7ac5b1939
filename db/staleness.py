"""How old a report of this thread may be, and how old it was; without a word it shows what is there now."""

from contextvars import ContextVar

_most_s: ContextVar[float | None] = ContextVar("most_s", default=None)
_age_s: ContextVar[float | None] = ContextVar("age_s", default=None)


def allow(seconds: float | None) -> None:
    """Let the reports of this thread be so old from now on; by None, not at all."""
    _most_s.set(seconds)
    _age_s.set(None)


def allowed() -> float | None:
    return _most_s.get()


def note(age_s: float) -> None:
    """Say that a report was so old."""
    _age_s.set(max(age_s, _age_s.get() or 0.0))


def noted() -> float | None:
    """Return how old the oldest report was since `allow`, None if none was."""
    return _age_s.get()
