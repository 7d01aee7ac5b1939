"""What people type and paste: numbers as their language writes them, and tables."""

from collections.abc import Sequence

from babel import numbers

from console.forms import fraction
from console.words import language


def percent(typed: str) -> str:
    """Return a rate that is typed in percent, with or without the sign, as a fraction."""
    return fraction(typed.rstrip(" %"))


def shown(value: str) -> str:
    """Return a number with its point as the language writes it."""
    return value.replace(".", numbers.get_decimal_symbol(language()))


def pasted(text: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a table: one a line, cells apart by tabs, or else by semicolons; "" for those missing."""
    lines = [line.split("\t" if "\t" in line else ";") for line in text.splitlines() if line.strip()]
    padded = [[cell.strip() for cell in line] + [""] * len(columns) for line in lines]
    return [dict(zip(columns, line, strict=False)) for line in padded]
