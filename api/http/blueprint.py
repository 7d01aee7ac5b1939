"""How an operation is declared: what it takes, what it gives, and every way in which it can refuse."""

import re
from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any, NoReturn

import flask_smorest
from flask import Request, g, request
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

from api.http import exact_json
from api.http.problems import Refused, flat, invalid
from api.http.schema import UNKNOWN, OptionalBody, camel_case
from domain.identity import roles

JSON = "application/json"
IDENTITY = "identity"
# Instead of a permission: whoever has a key may do it, and whoever has none.
ANYONE, OPEN = "anyone", "open"
# What each operation takes, by its endpoint.
PERMISSIONS: dict[str, str] = {}
PATH_PARAMETER = re.compile(r":([a-z_]+)>")
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and request get the first answer again; nothing is done twice. A 409 with Retry-After "
    "says that the first request still runs. After it, or after a 503, send the request again with the same key.",
    "schema": {"type": "string", "pattern": r"^[!-+\--~]([ -+\--~]{0,253}[!-+\--~])?$"},
}
PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async`: do not wait for the work, answer 202 with its job.",
    "schema": {"type": "string"},
}


class StrictParser(FlaskParser):
    """Takes JSON as JSON and nothing else; unknown fields and parameters are the schema's to refuse."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Return the parsed body, which idempotency compares as well; raise Refused."""
        body = req.get_data()
        req.stream.read(1)  # raises the 413 for a chunked body, which werkzeug would cut off at the limit instead
        if body and not (req.mimetype == JSON or req.mimetype.endswith("+json")):
            raise Refused(415, f"send the body as {JSON}")
        if req.headers.get("Content-Encoding", IDENTITY).lower() != IDENTITY:
            raise Refused(415, "send the body without Content-Encoding", headers={"Accept-Encoding": IDENTITY})
        if not body and isinstance(schema, OptionalBody):
            body = b"{}"
        try:
            g.body = exact_json.loads(body)
        except exact_json.MalformedJson as error:
            raise Refused(400, str(error) if body else "a JSON body is required") from None
        return g.body

    def handle_error(self, error: ValidationError, *args: Any, **kwargs: Any) -> NoReturn:
        (messages,) = error.messages.values()  # type: ignore[union-attr]
        raise invalid(dict(flat(messages)))


class Blueprint(flask_smorest.Blueprint):
    """A group of operations. Each documents the refusals that follow from what it takes."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(_add_refusals)

    def route(self, rule: str, permission: str, **options: Any) -> Callable:  # type: ignore[override]
        """Register a view that takes a permission, or is for ANYONE or OPEN.

        Its name in camelCase is the operationId, so it must be the only view of that name.
        """
        if permission not in (ANYONE, OPEN, *roles.PERMISSIONS):
            raise TypeError(f"{permission!r} is no permission")
        named = [{"name": name, "in": "path", "description": _told(name)} for name in PATH_PARAMETER.findall(rule)]
        register = super().route(rule, parameters=named, **options)

        def declare(view: Callable) -> Callable:
            PERMISSIONS[f"{self.name}.{view.__name__}"] = permission
            view = _declare(permission=permission)(view)
            return register(_strict(self.doc(operationId=camel_case(view.__name__))(view)))

        return declare

    @staticmethod
    def refuses(*statuses: int) -> Callable:
        """Document that the operation can answer with these problems."""
        return _declare(statuses)

    @staticmethod
    def idempotent(view: Callable) -> Callable:
        """Document that the operation honours an Idempotency-Key."""
        return _declare((400, 409, 422), IDEMPOTENCY_KEY)(view)

    @staticmethod
    def honours(*headers: dict[str, Any]) -> Callable:
        """Document that the operation honours these request headers."""
        return _declare((), *headers)

    @staticmethod
    def preferable(view: Callable) -> Callable:
        """Document that the caller may prefer not to wait."""
        return Blueprint.honours(PREFER)(view)


def _strict(view: Callable) -> Callable:
    """Return the view, which refuses a query string where it takes none."""
    arguments = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ())
    if any(argument["in"] == "query" for argument in arguments):
        return view

    @wraps(view)
    def strict(*args: Any, **kwargs: Any) -> Any:
        if request.args:
            raise invalid({name: [UNKNOWN] for name in request.args})
        return view(*args, **kwargs)

    return strict


def _told(parameter: str) -> str:
    noun, _, _ = parameter.partition("_id")
    if noun == "token":
        return "What the link says, signed: a link is followed as it was given."
    return "The number of the invoice, with its prefix." if noun == "number" else f"The id of the {noun}."


def _declare(refusals: tuple[int, ...] = (), *headers: dict[str, Any], **others: str) -> Callable:
    def declare(view: Callable) -> Callable:
        known = deepcopy(getattr(view, "_apidoc", {}))
        known["refusals"] = {*known.get("refusals", ()), *refusals}
        known["headers"] = [*known.get("headers", ()), *headers]
        known |= others
        view._apidoc = known  # type: ignore[attr-defined]
        return view

    return declare


def _add_refusals(doc: dict, doc_info: dict, **kwargs: Any) -> dict:
    statuses = {400, 401, 429, 500, 503, *doc_info.get("refusals", ())}
    if (permission := doc_info["permission"]) not in (ANYONE, OPEN):
        statuses.add(403)
        doc_info["docstring"]["description"] += f"\n\nIt takes the permission `{permission}`."
    if "requestBody" in doc:
        statuses |= {413, 415}
        content = doc["requestBody"]["content"][JSON]
        content["examples"] = {title: {"value": value} for title, value in content["schema"].EXAMPLES.items()}
    if headers := doc_info.get("headers"):
        doc["parameters"] = [*doc.get("parameters", ()), *headers]
    responses = doc.setdefault("responses", {})
    responses.pop("default", None)
    responses |= {str(status): f"Problem{status}" for status in statuses}
    responses.pop(400, None)
    return doc
