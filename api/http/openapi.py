"""The OpenAPI spec at /openapi.json and its reader at /docs, all of it served from here."""

from pathlib import Path
from typing import Any

import flask_smorest
import flask_swagger_ui
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from flask import Blueprint, Flask, Response, redirect, send_from_directory
from marshmallow import INCLUDE, fields
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as WerkzeugResponse

from api.http.examples import examples_of
from api.http.paths import InvoiceNumber, LinkToken, RowId
from api.http.schema import CamelSchema
from domain.errors import MAX_ERRORS

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Counterfoil API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="/docs/favicon-32x32.png"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null})'
ABOUT = """\
Issues legal invoices, numbered without a gap, and runs the back office's long operations as jobs.

**To try it here**, press *Authorize* and paste the `apiKey` of `data/access.json`, or a key of yours. Every example is
then accepted as it stands; where one refers to another thing by its id, create that first.

- **Safe to repeat.** With an `Idempotency-Key`, the same key and body get the first answer again, and the work is done
  once. A 409 with Retry-After means that the first request still runs: send it again after so many seconds.
- **Errors** are problems (RFC 9457). `errors` names every field that is wrong by itself, or else what is wrong between
  them. Bad input takes no number.
- **PUT replaces** the whole thing: a field that is absent or null is cleared, or has its default again, unless its
  description says that it stays.
- **Clients** of an invoice are found by taxId, then by vatId, whatever their spelling. If the legal name or the taxId
  contradicts the client found, the answer is 409 and says which `client.id` to send instead.
- **Quotas** are at `showMe`. The headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11)
  tell the rates of requests; a 429 names the quota in `violated-policies`. Come again after Retry-After.
- **Traces.** A request may say by `traceparent` (W3C Trace Context) of which trace it is. Its jobs are of that trace,
  and so are theirs; `explainJob` and the header `traceresponse` of the answer name it. A malformed one is ignored.
- **Lists** come in pages; the address of the next page is in the Link header. With `Cache-Control: max-stale=10` a list
  or an audit may come from a standby database and lack the last 10 seconds, your own writes included; then `Age` says
  how many it may lack. Without that header nothing is missing.
"""
RETRY_AFTER = {"schema": {"type": "integer"}, "description": "Send the request again after this many seconds."}
STILL_RUNNING = {
    "schema": {"type": "integer"},
    "description": "Only if a request with the same Idempotency-Key still runs: send it again after so many seconds.",
}
COME_AGAIN = {409: STILL_RUNNING, 429: RETRY_AFTER, 503: RETRY_AFTER}
REFUSALS = (400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 500, 503)


class Problem(CamelSchema):
    """A problem (RFC 9457); `error` repeats `detail`."""

    class Meta:
        unknown = INCLUDE

    type = fields.String()
    title = fields.String()
    status = fields.Raw(
        metadata={"type": ["integer", "string"], "description": "The HTTP status; a 409 may give a request's own"}
    )
    detail = fields.String()
    error = fields.String()
    errors = fields.Dict(metadata={"description": f"The errors of each wrong field, of the first {MAX_ERRORS} of them"})
    more_errors = fields.Integer(metadata={"description": "How many more fields are wrong; absent if all are named"})


class Examples(MarshmallowPlugin):
    """Gives each schema of the spec its examples."""

    def schema_helper(self, name: Any, _: Any, schema: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """Return the JSON Schema of `schema` with its examples."""
        described = super().schema_helper(name, _, schema=schema, **kwargs)
        return {**described, "examples": examples_of(resolve_schema_instance(schema))}


class Api(flask_smorest.Api):
    """Documents every error as a problem."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # type: ignore[assignment]

    def _register_responses(self) -> None:
        self.spec.components.schema("Problem", schema=Problem)
        for status in REFUSALS:
            response: dict[str, Any] = {
                "description": HTTP_STATUS_CODES[status],
                "content": {"application/problem+json": {"schema": "Problem"}},
            }
            if status in COME_AGAIN:
                response["headers"] = {"Retry-After": COME_AGAIN[status]}
            self.spec.components.response(f"Problem{status}", response)

    def _register_pagination_header(self) -> None:
        """Leave pages to api.http.pagination."""

    def _register_error_handlers(self) -> None:
        """Leave errors to api.http.errors."""


def register_spec(app: Flask) -> Api:
    """Return the registry of all operations; the spec is open to everybody."""
    app.config.update(
        API_TITLE="Counterfoil",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
    )
    spec = {"security": [{"apiKey": []}], "marshmallow_plugin": Examples(), "info": {"description": ABOUT}}
    api = Api(app, spec_kwargs=spec)
    key = {"type": "http", "scheme": "bearer", "description": "An API key: cf_..."}
    secret = {"type": "http", "scheme": "bearer", "description": "The value of COUNTERFOIL_CRON_SECRET."}
    api.spec.components.security_scheme("apiKey", key)
    api.spec.components.security_scheme("cronSecret", secret)
    api.register_converter(RowId, lambda converter: RowId.documented)
    api.register_converter(InvoiceNumber, lambda converter: InvoiceNumber.documented)
    api.register_converter(LinkToken, lambda converter: LinkToken.documented)
    app.register_blueprint(reader)
    return api


reader = Blueprint("docs", __name__)


@reader.get("/")
def root() -> WerkzeugResponse:
    return redirect("/docs")


@reader.get("/docs")
def page() -> Response:
    return Response(PAGE, mimetype="text/html")


@reader.get("/docs/start.js")
def start() -> Response:
    return Response(START, mimetype="text/javascript")


@reader.get("/docs/<path:name>")
def asset(name: str) -> Response:
    return send_from_directory(ASSETS, name)
