"""Lists in pages. A cursor is the place of the last row seen; it grants nothing."""

from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import request

from api.http.fields import Text, Whole
from api.http.schema import Query

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
DEFAULT, MOST = 50, 200
LINK = {"Link": {"schema": {"type": "string"}, "description": 'The next page: rel="next"'}}


class Row(Protocol):
    id: Any


class Page(Query):
    limit = Whole(1, MOST, query=True, load_default=DEFAULT)
    cursor = Text(12, pattern="^[0-9a-z]{1,12}$")


def position(query: dict[str, Any]) -> int | None:
    """Return the id that the page begins after, None for the first page."""
    return int(query["cursor"], 36) if "cursor" in query else None


def page(rows: Sequence[Row], query: dict[str, Any]) -> tuple[Sequence[Row], int, dict[str, str]]:
    """Return the answer for `rows`, read up to one beyond the limit: that one says there is a next page."""
    shown = rows[: query["limit"]]
    if len(rows) == len(shown):
        return shown, 200, {}
    others = {name: value for name, value in request.args.items() if name != "cursor"}
    following = urlencode({**others, "cursor": _text(shown[-1].id)})
    return shown, 200, {"Link": f'<{request.path}?{following}>; rel="next"'}


def _text(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = ALPHABET[digit] + digits
    return digits
