"""Problems (RFC 9457): how the API says no."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from flask import Response, current_app
from werkzeug.http import HTTP_STATUS_CODES

from api.http.fields import Spoken
from domain.errors import MAX_ERRORS, told

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = {"Retry-After": "2"}
# A problem type of draft-ietf-httpapi-ratelimit-headers-11.
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


class Refused(Exception):
    """The request gets this problem instead of what it asked for."""

    def __init__(
        self,
        code: int,
        detail: str,
        errors: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ):
        super().__init__(detail)
        self.code, self.detail, self.headers = code, detail, dict(headers or {})
        self.members = members | (_named(errors) if errors else {})


def _named(errors: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the members that name the first MAX_ERRORS of `errors`, and how many more there are."""
    more = len(errors) - MAX_ERRORS
    return {"errors": dict(islice(errors.items(), MAX_ERRORS))} | ({"moreErrors": more} if more > 0 else {})


def invalid(errors: Mapping[str, list[str]], code: int = 400) -> Refused:
    """Return the refusal that names every wrong field in `errors`, and as many as one can read in the detail."""
    sentences = [
        message if isinstance(message, Spoken) else f"{name} {message}"
        for name, messages in errors.items()
        for message in messages
    ]
    return Refused(code, told(sentences), errors)


def flat(messages: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield (field, messages) for the nested messages of a schema: items[0].quantity."""
    if not isinstance(messages, Mapping):
        yield path or "body", list(messages)
        return
    for name, inner in messages.items():
        if isinstance(name, int):
            yield from flat(inner, f"{path}[{name}]")
        elif name == "_schema":
            yield from flat(inner, path)
        else:
            yield from flat(inner, f"{path}.{name}" if path else str(name))


def unavailable(detail: str, **members: Any) -> Refused:
    """Return the 503 that asks the client to come again."""
    return Refused(503, detail, headers=RETRY_AFTER, **members)


def over_quota(name: str, detail: str, pause: int | None, code: int = 429) -> Refused:
    """Return the refusal by the quota `name`; the caller may come again after `pause` seconds, None if never."""
    headers = {"Retry-After": str(pause)} if pause else {}
    members: dict[str, Any] = {"type": QUOTA_EXCEEDED, "violated-policies": [name]}
    return Refused(code, detail, None, headers, **members)


def problem_body(refused: Refused) -> dict[str, Any]:
    """Return the members of the problem's JSON body; `error` repeats the detail for clients that read only `error`."""
    return {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(refused.code, "Error"),
        "status": refused.code,
        "detail": refused.detail,
        "error": refused.detail,
        **refused.members,
    }


def problem(refused: Refused) -> Response:
    """Return the problem as a response."""
    body = current_app.json.dumps(problem_body(refused))
    return Response(body, refused.code, refused.headers, mimetype=MEDIA_TYPE)
