"""The sums of a bill: what they are made of, and how far they are proved."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.bills.extraction.amounts import Amount
from domain.bills.extraction.taxes import Tax

PROVED_BY_RATE, PROVED, HALF_PROVED, BY_NUMBERS, UNPROVED = 0.99, 0.97, 0.85, 0.7, 0.6


class Labelled(NamedTuple):
    """An amount with the role that words give it."""

    amount: Amount
    role: str
    strength: float


class Part(NamedTuple):
    """One of the three sums: its value, and the amount on the page that says it, None if it was worked out."""

    value: Decimal
    amount: Amount | None = None
    strength: float = 0.0


class Sums(NamedTuple):
    """The three sums of a bill, and how far they are proved."""

    net: Part
    tax: Part
    total: Part
    score: float
    confidence: float
    reason: str
    taxes: Sequence[Tax] = ()
