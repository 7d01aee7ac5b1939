"""Lists in pages. A cursor is the id of the last row seen; it grants nothing."""

from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import request

from api.http.fields import Text, Whole
from api.http.schema import Query

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
LINK = {"Link": {"schema": {"type": "string"}, "description": 'The next page: rel="next"'}}


class Row(Protocol):
    @property
    def id(self) -> Any: ...


class Page(Query):
    limit = Whole(
        1, MAX_LIMIT, query=True, load_default=DEFAULT_LIMIT, description="How many rows a page has at the most."
    )
    cursor = Text(18, pattern="^[0-9]{1,18}$", description="Where the page begins: copy it from the Link header.")


def position(query: dict[str, Any]) -> int | None:
    """Return the id that the page begins after, None for the first page."""
    return int(query["cursor"]) if "cursor" in query else None


def page(rows: Sequence[Row], query: dict[str, Any]) -> tuple[Sequence[Row], int, dict[str, str]]:
    """Return the answer for `rows`, read up to one beyond the limit: that one says there is a next page."""
    shown = rows[: query["limit"]]
    if len(rows) == len(shown):
        return shown, 200, {}
    others = {name: value for name, value in request.args.items() if name != "cursor"}
    following = urlencode({**others, "cursor": shown[-1].id})
    return shown, 200, {"Link": f'<{request.path}?{following}>; rel="next"'}
