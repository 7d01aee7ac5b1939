"""The OpenAPI spec at /openapi.json and its reader at /docs, all of it served from here."""

from pathlib import Path

import flask_smorest
import flask_swagger_ui
from flask import Blueprint, Flask, Response, redirect, send_from_directory
from marshmallow import INCLUDE, fields
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as WerkzeugResponse

from api.http.paths import InvoiceNumber, RowId
from api.http.schema import CamelSchema

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Counterfoil API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="/docs/favicon-32x32.png"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null})'
REFUSALS = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)


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
    errors = fields.Dict(metadata={"description": "What is wrong with each field"})


class Api(flask_smorest.Api):
    """Documents every error as a problem."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # type: ignore[assignment]

    def _register_responses(self) -> None:
        self.spec.components.schema("Problem", schema=Problem)
        for status in REFUSALS:
            response = {
                "description": HTTP_STATUS_CODES[status],
                "content": {"application/problem+json": {"schema": "Problem"}},
            }
            self.spec.components.response(f"Problem{status}", response)

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
    api = Api(app, spec_kwargs={"security": [{"key": []}]})
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    api.spec.components.security_scheme("cron", {"type": "http", "scheme": "bearer"})
    api.register_converter(RowId, lambda converter: RowId.documented)
    api.register_converter(InvoiceNumber, lambda converter: InvoiceNumber.documented)
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
