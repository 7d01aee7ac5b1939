"""Lists in pages, bounded in rows and bytes. A cursor is the id of the last row seen; it grants nothing."""

from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Response, request
from marshmallow import Schema

from api.http import exact_json
from api.http.fields import Text, Whole
from api.http.schema import Query

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
MAX_PAGE_BYTES = 4 * 1024 * 1024
CURSOR_MEANT = "be what the Link header of the page before says"
LINK = {"Link": {"schema": {"type": "string"}, "description": 'The next page: rel="next"'}}


class Row(Protocol):
    @property
    def id(self) -> Any: ...


class Page(Query):
    limit = Whole(
        1, MAX_LIMIT, query=True, load_default=DEFAULT_LIMIT, description="How many rows a page has at the most."
    )
    cursor = Text(
        18,
        pattern="^[0-9]{1,18}$",
        meant=CURSOR_MEANT,
        description="Where the page begins: copy it from the Link header.",
    )


def place(query: dict[str, Any], first: int | None = None) -> tuple[Any, int]:
    """Return the id that the page begins after, `first` for the first page, and how many rows `page` needs.

    That is one more than the page has: so it sees whether another page follows.
    """
    return int(query["cursor"]) if "cursor" in query else first, query["limit"] + 1


def page(rows: Iterable[Row], query: dict[str, Any], schema: Schema) -> Response:
    """Return the answer that shows `rows`, of which `place` says how many are read: one that is left makes a next page.

    A page ends early rather than grow beyond MAX_PAGE_BYTES, and no more rows are read then; one row is always shown.
    """
    return pages(((row.id, exact_json.dumps(schema.dump(row))) for row in rows), query["limit"], "cursor")


def pages(texts: Iterable[tuple[int, str]], limit: int, cursor: str) -> Response:
    """Return what `page` does, of rows that are JSON already, each after its place; `cursor` is its parameter."""
    shown: list[str] = []
    headers: dict[str, str] = {}
    size, last = 0, 0
    for place, text in texts:
        size += len(text.encode())
        if shown and (len(shown) == limit or size > MAX_PAGE_BYTES):
            headers = {"Link": f'<{_following(cursor, last)}>; rel="next"'}
            break
        shown.append(text)
        last = place
    return Response(f"[{','.join(shown)}]", headers=headers, mimetype="application/json")


def _following(cursor: str, place: int) -> str:
    others = {name: value for name, value in request.args.items() if name != cursor}
    return f"{request.path}?{urlencode({**others, cursor: place})}"
