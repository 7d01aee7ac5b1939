"""What a bill's pages say, field by field, each with a proof or with a doubt; pure functions, no database."""

from domain.bills.extraction.checks import CERTAIN, check, is_certain, unsure
from domain.bills.extraction.comparison import Check, compare
from domain.bills.extraction.fields import extract
from domain.bills.extraction.hints import Hints, KnownSupplier
from domain.bills.extraction.memory import learn
from domain.bills.extraction.model import believe

__all__ = [
    "CERTAIN",
    "Check",
    "Hints",
    "KnownSupplier",
    "believe",
    "check",
    "compare",
    "extract",
    "is_certain",
    "learn",
    "unsure",
]
