"""Which problem each exception becomes; no answer ever shows a traceback."""

import logging
from uuid import uuid4

from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError, StatementError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from api.http.problems import Refused, over_quota, problem, unavailable
from db.transaction import is_transient, state
from domain.errors import Conflict, Forbidden, Gone, Invalid, NotFound, NotYet, Refusal
from domain.identity.logins import TooManyAttempts
from domain.identity.quotas import OverQuota
from domain.jobs.admission import TooManyWaiting
from domain.pdf.rendering import RenderingFailed, ShareInUse

log = logging.getLogger(__name__)
UNKNOWN_ADDRESS = "nothing is at this address: /docs lists them all, and an id is a number from 1"
CODES: dict[type[Refusal], int] = {
    TooManyAttempts: 429, Forbidden: 403, NotFound: 404, Conflict: 409, Gone: 410, Invalid: 400,
}  # fmt: skip
REFUSING: tuple[type[Exception], ...] = (Refused, Refusal, TooManyWaiting, OverQuota, RenderingFailed, NotYet)


def register(app: Flask) -> None:
    """Answer every exception of `app` with a problem."""
    for refusing in REFUSING:
        app.register_error_handler(refusing, lambda error: problem(refusal(error)))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(Exception, _unexpected)


def refusal(error: Exception) -> Refused:
    """Return the answer to one of the exceptions of REFUSING."""
    match error:
        case Refused():
            return error
        case Refusal():
            code = next((code for kind, code in CODES.items() if isinstance(error, kind)), 400)
            return Refused(code, error.message, error.errors, **error.members)
        case TooManyWaiting():
            headers = {"Retry-After": str(error.pause)}
            return Refused(429 if error.own else 503, str(error), headers=headers)
        case OverQuota():
            # 403 where no waiting helps: a client that comes again after a 429 would never end.
            return over_quota(error.name, str(error), error.pause, 429 if error.pause else 403)
        case ShareInUse():
            return over_quota("printing", error.detail, 1)
        case RenderingFailed():
            return unavailable(f"the invoice was not printed: {error.detail}")
    return unavailable(str(error))


def _http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return problem(Refused(error.code, _detail(error), headers=headers))


def _detail(error: HTTPException) -> str:
    if error.code == 404:
        return UNKNOWN_ADDRESS
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        return f"this address does not take {request.method}, only {', '.join(sorted(error.valid_methods))}"
    return error.description or error.name


def _database(error: SQLAlchemyError) -> Response:
    if not is_transient(error):
        return _unexpected(error)
    log.warning("%s: %s", state(error), type(error).__name__)
    return problem(unavailable(f"{state(error)}; with an Idempotency-Key the request can be repeated without harm"))


def _unexpected(error: Exception) -> Response:
    request_id = str(uuid4())
    if isinstance(error, StatementError):
        error.hide_parameters = True  # or the log would hold what callers sent
    log.error("request %s failed", request_id, exc_info=error)
    return problem(Refused(500, "something went wrong here; it is logged under requestId", requestId=request_id))
