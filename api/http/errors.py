"""Which problem each exception becomes; no answer ever shows a traceback."""

import logging
from uuid import uuid4

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError, StatementError
from werkzeug.exceptions import HTTPException

from api.http.fields import Spoken
from api.http.problems import Refused, invalid, problem, unavailable
from db.transaction import is_transient
from domain.accounting.documents import DocumentsNotFound
from domain.identity import organizations
from domain.inventory import errors as inventory
from domain.invoices import archive, catalogue, intake
from domain.invoices.errors import InvoiceRefused
from domain.jobs.admission import TooManyWaiting
from domain.jobs.catalogue import JobNotFound, WrongStatus
from domain.jobs.monitoring.queues import NoSuchQueue
from domain.jobs.payloads import PayloadInvalid
from domain.jobs.registry import UnknownKind
from domain.parties import catalogue as parties
from domain.pdf.rendering import RenderingFailed
from domain.templates.library import TemplateNotFound
from domain.templates.template import TemplateInvalid

log = logging.getLogger(__name__)
STATUS_OF: dict[type[Exception], int] = {
    parties.PartyNotFound: 404,
    parties.SeriesInUse: 409,
    catalogue.InvoiceNotFound: 404,
    catalogue.AlreadyIssued: 409,
    archive.NothingToExport: 404,
    intake.RequestNotFound: 404,
    TemplateNotFound: 404,
    JobNotFound: 404,
    NoSuchQueue: 404,
    organizations.OrganizationNotFound: 404,
    inventory.NotFound: 404,
}
# A refusal of the domain names what is wrong in its first words.
FIELD_OF_REFUSAL = {
    "supplier": "supplierId",
    "client": "client.id",
    "due_date": "dueDate",
    "invalid currency_code": "currencyCode",
    "the total": "items",
}


def register(app: Flask) -> None:
    """Answer every exception of `app` with a problem."""
    app.register_error_handler(Refused, problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InvoiceRefused, lambda error: problem(refusal(str(error))))
    app.register_error_handler(TemplateInvalid, lambda error: problem(invalid({"html": [Spoken(error.detail)]})))
    app.register_error_handler(parties.Invalid, _invalid_party)
    app.register_error_handler(catalogue.NumberAmbiguous, lambda e: problem(invalid({"supplierId": [Spoken(e)]})))
    app.register_error_handler(archive.TooMany, lambda error: problem(Refused(400, str(error))))
    app.register_error_handler(parties.Taken, _taken)
    app.register_error_handler(inventory.Taken, _taken)
    app.register_error_handler(inventory.Invalid, lambda e: problem(invalid({f: [m] for f, m in e.errors.items()})))
    app.register_error_handler(inventory.Shortage, _shortage)
    app.register_error_handler(inventory.WrongStatus, lambda e: problem(Refused(409, str(e), documentStatus=e.status)))
    app.register_error_handler(inventory.JobAtWork, lambda e: problem(Refused(409, str(e), jobId=e.job_id)))
    app.register_error_handler(DocumentsNotFound, _missing_documents)
    app.register_error_handler(intake.NotCompleted, lambda e: problem(Refused(409, str(e), status=e.status)))
    app.register_error_handler(UnknownKind, lambda error: problem(invalid({"type": [Spoken(error)]})))
    app.register_error_handler(PayloadInvalid, _invalid_payload)
    app.register_error_handler(WrongStatus, lambda e: problem(Refused(409, str(e), jobStatus=e.status.lower())))
    app.register_error_handler(TooManyWaiting, _too_many)
    for kind, status in STATUS_OF.items():
        app.register_error_handler(kind, lambda error, status=status: problem(Refused(status, str(error))))
    app.register_error_handler(RenderingFailed, _not_printed)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(Exception, _unexpected)


def refusal(message: str) -> Refused:
    """Return the 400 for what the invoice domain refuses."""
    field = next((f for start, f in FIELD_OF_REFUSAL.items() if message.startswith(start)), None)
    return Refused(400, message, {field: [message]} if field else None)


def _http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return problem(Refused(error.code, error.description or error.name, headers=headers))


def _invalid_party(error: parties.Invalid) -> Response:
    return problem(invalid({error.field: [str(error)]}))


def _invalid_payload(error: PayloadInvalid) -> Response:
    return problem(invalid({_of_payload(name): texts for name, texts in error.errors.items()}))


def _of_payload(field: str) -> str:
    return field if field == "payload" else f"payload.{field}"


def _missing_documents(error: DocumentsNotFound) -> Response:
    return problem(Refused(404, str(error), documents=[one._asdict() for one in error.documents]))


def _too_many(error: TooManyWaiting) -> Response:
    return problem(Refused(429 if error.own else 503, str(error), headers={"Retry-After": str(error.pause)}))


def _taken(error: parties.Taken | inventory.Taken) -> Response:
    return problem(Refused(409, str(error), {error.field: ["is taken"]}))


def _shortage(error: inventory.Shortage) -> Response:
    short: dict[str, list[str]] = {f"lines[{line.line_number - 1}].quantity": [Spoken(line)] for line in error.lines}
    return problem(invalid(short, code=409))


def _not_printed(error: RenderingFailed) -> Response:
    return problem(unavailable(f"the invoice was not printed: {error.detail}"))


def _database(error: SQLAlchemyError) -> Response:
    if not is_transient(error):
        return _unexpected(error)
    log.warning("database unavailable: %s", type(error).__name__)
    return problem(
        unavailable(
            "the database does not answer now; with an Idempotency-Key the request can be repeated without harm"
        )
    )


def _unexpected(error: Exception) -> Response:
    request_id = str(uuid4())
    if isinstance(error, StatementError):
        error.hide_parameters = True  # or the log would hold what callers sent
    log.error("request %s failed", request_id, exc_info=error)
    return problem(Refused(500, "something went wrong here; it is logged under requestId", requestId=request_id))
