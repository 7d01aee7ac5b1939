"""Invoices issued in the background. The id of a request is the id of its job."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from flask import Response, g
from marshmallow import ValidationError, fields
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.invoices import InvoiceBody, invoice_request
from api.http.errors import refusal
from api.http.fields import Choice, Instant, Many
from api.http.group_commit import GroupCommit
from api.http.idempotency import Answer, once
from api.http.problems import Refused, flat, invalid
from api.http.schema import Body, CamelSchema
from api.invoices.schemas import Invoice
from api.jobs import event_stream, long_poll
from db.transaction import statement, transaction
from domain.errors import MAX_ERRORS, Refusal
from domain.identity.quotas import OverQuota
from domain.invoices import intake
from domain.invoices.request import InvoiceRequest
from domain.jobs.admission import TooManyWaiting, admission
from domain.jobs.lifecycle import Status

MAX_REQUESTS_AT_ONCE = 1000
PATH = "/api/v1/invoice-requests"
INVOICE = InvoiceBody()
requests_api = Blueprint(
    "invoice requests", __name__, description="Invoices issued in the background, each exactly once.", url_prefix=PATH
)


class BulkBody(Body):
    EXAMPLES = {"Two invoices": {"requests": [*InvoiceBody.EXAMPLES.values()] * 2}}

    requests = Many(
        fields.Raw(metadata={"anyOf": [{"$ref": "#/components/schemas/InvoiceBody"}, {"type": "object"}]}),
        1,
        MAX_REQUESTS_AT_ONCE,
        required=True,
    )


class Queued(CamelSchema):
    request_id = fields.Integer()
    status = fields.String()
    message = fields.String()


class Verdict(CamelSchema):
    """The fate of one request: its `requestId`, or its errors."""

    request_id = fields.Integer()
    status = fields.String()
    error = fields.String()
    errors = fields.Dict()


class RequestState(CamelSchema):
    request_id = fields.Integer(attribute="id")
    status = Choice(*Status)
    invoice_id = fields.Integer(attribute="result.invoiceId", dump_default=None, allow_none=True)
    invoice_number = fields.String(attribute="result.invoiceNumber", dump_default=None, allow_none=True)
    error_message = fields.Function(lambda job: job.error if job.status == Status.FAILED else None)
    created_at = Instant()
    completed_at = Instant(allow_none=True)


@requests_api.route("", "requests:submit", methods=["POST"])
@requests_api.arguments(INVOICE)
@requests_api.response(201, Queued)
@requests_api.idempotent
def request_invoice(body: dict[str, Any]) -> Response:
    """Queue an invoice: once accepted, it is issued exactly once.

    201 means that the request is committed. Its id is the id of a job, which takes the number and issues the
    invoice.
    """
    request = invoice_request(g.organization_id, body)
    return once(
        lambda session: accepted(intake.accept(session, [request])[0]), unkeyed=lambda: _join(request)
    ).response()


@requests_api.route("/bulk", "requests:submit", methods=["POST"])
@requests_api.arguments(BulkBody())
@requests_api.response(201, Verdict(many=True))
@requests_api.idempotent
def request_invoices(body: dict[str, Any]) -> Response:
    """Queue up to 1,000 invoices in one commit; 400 only if none is accepted.

    The answer has one verdict for each request, in order: its `requestId`, or what is wrong with it. Of all verdicts
    together the first 100 errors are named in `errors`; the `error` of each is there in any case.
    """
    loaded = [load(INVOICE, raw) for raw in body["requests"]]

    def work(session: Session) -> Answer:
        valid = [one for one in loaded if not isinstance(one, Refused)]
        requests = [invoice_request(g.organization_id, one) for one in valid]
        verdicts = iter(intake.accept(session, requests))
        return answers([one if isinstance(one, Refused) else next(verdicts) for one in loaded])

    return once(work, unkeyed=lambda: _in_one_statement(work)).response()


@requests_api.route("/<row_id:request_id>", "requests:read")
@requests_api.response(200, RequestState, headers=long_poll.HEADERS)
@long_poll.documented(requests_api)
@requests_api.refuses(404)
def show_request(request_id: int) -> Response:
    """Show how far a request has come.

    COMPLETED comes with the invoice's id and number, FAILED with the reason in `errorMessage`.
    """
    return long_poll.answer(intake.find, request_id, RequestState())


@requests_api.route("/<row_id:request_id>/events", "requests:read")
@event_stream.documented(requests_api)
@requests_api.refuses(404)
def follow_request(request_id: int) -> Response:
    """Follow a request: an event for each change, named after its status, until it has ended.

    The stream is Server-Sent Events. It ends after ten minutes at the latest, and a browser connects again by
    itself.
    """
    return event_stream.events(intake.find, request_id, RequestState())


@requests_api.route("/<row_id:request_id>/invoice", "requests:read")
@requests_api.response(200, Invoice)
@requests_api.refuses(404, 409)
def show_requested_invoice(request_id: int) -> Any:
    """Show the invoice that a request became.

    409 until the request is COMPLETED.
    """
    with transaction() as session:
        return intake.invoice_of(session, g.organization_id, request_id)


@GroupCommit
def _accept(requests: Sequence[InvoiceRequest]) -> list[intake.Verdict]:
    with statement() as session:
        return intake.accept(session, requests)


def _join(request: InvoiceRequest) -> Answer:
    with statement() as session:
        admission.admit(session, request.organization_id)  # who counts for long keeps no other waiting
    return accepted(_accept(replace(request, created_by=g.caller.actor)))


def _in_one_statement(work: Callable[[Session], Answer]) -> Answer:
    with statement() as session:
        return work(session)


def accepted(verdict: intake.Verdict, path: str = PATH, what: str = "invoice generation") -> Answer:
    """Return the answer to one request of `what`, below `path`; raise what it is refused with."""
    if isinstance(verdict, Exception):
        raise verdict
    queued = _queued(verdict) | {"message": f"{what} request queued"}
    return Answer(201, queued, {"Location": f"{path}/{verdict}"})


def answers(verdicts: Sequence[intake.Verdict | Refused]) -> Answer:
    """Return the answer to several requests, in order; raise Refused if none was accepted."""
    told = _few_named([_verdict(one) for one in verdicts])
    if not any("requestId" in one for one in told):
        raise Refused(400, "none of the requests was accepted", requests=told)
    return Answer(201, told)


def load(schema: Body, raw: Any) -> dict[str, Any] | Refused:
    """Return one request of several as its schema has it, or why it is refused."""
    try:
        return schema.load(raw)
    except ValidationError as error:
        return invalid(dict(flat(error.messages)))


def _queued(request_id: int) -> dict[str, Any]:
    return {"requestId": request_id, "status": Status.PENDING.value}


def _verdict(verdict: intake.Verdict | Refused) -> dict[str, Any]:
    if isinstance(verdict, TooManyWaiting | OverQuota):
        raise verdict
    if isinstance(verdict, int):
        return _queued(verdict)
    refused = refusal(verdict) if isinstance(verdict, Refusal) else verdict
    return {"error": refused.detail, **refused.members}


def _few_named(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    left = MAX_ERRORS
    for answer in answers:
        if "errors" in answer:
            answer["errors"] = dict(islice(answer["errors"].items(), left))
            left -= len(answer["errors"])
    return answers
