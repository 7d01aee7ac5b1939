"""Lists in pages: so many rows, and whether more follow. A page begins after the id of a row; nothing is counted."""

from collections.abc import Iterable
from enum import StrEnum
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from flask import request

ROWS = 50
LARGEST_ID = 10**18
Row = TypeVar("Row")


class Listed(NamedTuple, Generic[Row]):
    """The rows of one page, and the id after which the next begins, None on the last page."""

    rows: list[Row]
    following: int | None


def after() -> int | None:
    """Return the id after which this page begins, None for the first."""
    place = request.args.get("after", "")
    return int(place) if place.isdecimal() and 0 < int(place) < LARGEST_ID else None


def chosen(name: str, known: type[StrEnum]) -> str | None:
    """Return what the parameter `name` asks for; None if that is nothing that is known."""
    wanted = request.args.get(name)
    return wanted if wanted in list(known) else None


def listed(rows: Iterable[Any], limit: int = ROWS) -> Listed[Any]:
    """Return the page of rows, of which one more than `limit` was asked for."""
    shown = list(islice(rows, limit + 1))
    return Listed(shown[:limit], shown[limit - 1].id if len(shown) > limit else None)
