"""Refuses a header, parameter or name that may stand once and stands twice: taking either value would be a guess."""

from flask import request

from api.http.problems import invalid

# A server joins the headers of one name by commas, so a comma is all that tells of a second one.
SINGLE_HEADERS = ("Content-Type", "Idempotency-Key", "Last-Event-ID")


def refuse_doubled() -> None:
    """Raise the 400 that names every header and query parameter that must stand once and does not."""
    headers = [name for name in SINGLE_HEADERS if "," in request.headers.get(name, "")]
    parameters = [name for name, values in request.args.lists() if len(values) > 1]
    if headers or parameters:
        raise invalid({name: ["must be given once"] for name in (*headers, *parameters)})
