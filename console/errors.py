"""What a page says when it cannot be shown: what happened, and what to do. No traceback is ever shown."""

import logging
from uuid import uuid4

from flask import Flask, g, render_template, request
from sqlalchemy.exc import SQLAlchemyError, StatementError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from api.http.errors import REFUSING, refusal
from console.words import gettext as _
from console.words import said
from db.transaction import is_transient, state

log = logging.getLogger(__name__)
Answer = tuple[str, int, dict[str, str]]


def register(app: Flask) -> None:
    """Answer every exception of `app` with a page."""
    for refusing in REFUSING:
        app.register_error_handler(refusing, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(Exception, _unexpected)


def shown(code: int, told: str, headers: dict[str, str] | None = None) -> Answer:
    """Return the page that says what is wrong."""
    return render_template("error.html", code=code, told=told), code, headers or {}


def _refused(error: Exception) -> Answer:
    refused = refusal(error)
    return shown(refused.code, said(refused.detail), refused.headers)


def _http(error: HTTPException) -> Answer | HTTPException | Response:
    if error.code is None or error.code < 400:
        return error
    if error.code == 404:
        return shown(404, _("There is no page at this address."))
    return shown(error.code, error.description or error.name)


def _database(error: SQLAlchemyError) -> Answer:
    if not is_transient(error):
        return _unexpected(error)
    log.warning("%s: %s", state(error), type(error).__name__)
    g.pop("visit", None)  # the menu would ask the database again
    return shown(503, f"{state(error)}: " + _("try again in a moment"), {"Retry-After": "5"})


def _unexpected(error: Exception) -> Answer:
    request_id = str(uuid4())
    if isinstance(error, StatementError):
        error.hide_parameters = True  # or the log would hold what people typed
    log.error("page %s failed, request %s", request.endpoint, request_id, exc_info=error)
    return shown(500, _("Something went wrong here; it is logged under %(id)s.") % {"id": request_id})
