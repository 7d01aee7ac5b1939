"""The paths that may be asked for. Anything else is no address of ours: 404."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from api.http.fields import LARGEST_ID
from api.http.problems import Refused


class RowId(BaseConverter):
    """The id of a row."""

    regex = "[1-9][0-9]{0,17}"
    documented: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID, "example": 1}

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)


class InvoiceNumber(BaseConverter):
    """Prefix and digits of an invoice; `generate` is the address that makes one."""

    regex = r"(?!generate\Z)[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}"
    documented: dict[str, Any] = {
        "type": "string",
        "pattern": "^(?!generate$)[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}$",
        "example": "INV-000001",
    }


class LinkToken(BaseConverter):
    """What a link to a file says, signed."""

    regex = "[A-Za-z0-9_-]{1,2048}"
    documented: dict[str, Any] = {"type": "string", "pattern": f"^{regex}$", "example": "AQAAAABoZXJl"}


# werkzeug would take //api and api for /api, and the rules of a proxy would not.
USUAL = re.compile(r"(/(?!/)|\*?\Z)")
# These can be called without the version as well.
UNVERSIONED = re.compile(r"^/api/(?=(jobs|cron|products|locations|stock|transfers|sales|purchases)(/|$))")


def unversioned(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application that also answers at /api/jobs and the like, as if /api/v1/jobs were asked for."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["PATH_INFO"] = UNVERSIONED.sub("/api/v1/", environ["PATH_INFO"], count=1)
        return application(environ, start_response)

    return answer


def refuse_webhooks() -> None:
    """Raise the 508 for a webhook that was pointed at an API like this one: each would cause the next, without end."""
    if "webhook-signature" in request.headers:
        raise Refused(508, "a webhook is sent to this API: send it to a receiver of your own")


def refuse_other_paths() -> None:
    """Raise the 404 for a path that does not begin with one slash."""
    if not USUAL.match(request.environ["PATH_INFO"]):
        raise NotFound("a path begins with one slash")
