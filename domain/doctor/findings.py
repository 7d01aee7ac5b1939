"""What a check says: a verdict, what it measured, and one sentence on what helps."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """From the best to the worst. UNKNOWN: this process cannot see it."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    WRONG = "wrong"


class Finding(NamedTuple):
    """What one check found; `remedy` is empty if all is well."""

    verdict: Verdict
    measured: str
    remedy: str = ""


class Line(NamedTuple):
    """A finding under the name of its check."""

    check: str
    verdict: Verdict
    measured: str
    remedy: str


def ok(measured: str) -> Finding:
    return Finding(Verdict.OK, measured)


def unknown(measured: str, remedy: str) -> Finding:
    return Finding(Verdict.UNKNOWN, measured, remedy)


def warning(measured: str, remedy: str) -> Finding:
    return Finding(Verdict.WARNING, measured, remedy)


def wrong(measured: str, remedy: str) -> Finding:
    return Finding(Verdict.WRONG, measured, remedy)


def sentence(words: str) -> str:
    """Return the words as a sentence of their own."""
    return f"{words[0].upper()}{words[1:]}."


def worst(lines: Iterable[Line]) -> Verdict:
    """Return the worst verdict of all."""
    return max((line.verdict for line in lines), key=list(Verdict).index)
