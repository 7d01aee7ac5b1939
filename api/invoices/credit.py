"""Credit notes: an invoice, or a part of it, is taken back by a document of its own."""

from typing import Any

from flask import Response, g
from marshmallow import fields
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.invoices import CreditBody
from api.http.fields import Many, Text, Whole
from api.http.idempotency import Answer, once
from api.http.problems import Refused
from api.http.schema import Body
from api.http.shares import heavy
from api.invoices.generation import Generated
from api.invoices.issued import WhoseNumber
from api.invoices.requests import Queued, RequestState, Verdict, accepted, answers, load
from api.jobs import long_poll
from domain.errors import Refusal
from domain.identity.quotas import quotas
from domain.invoices import catalogue, credit_intake, crediting
from domain.invoices.crediting import CreditLine, CreditRequest

PATH = "/api/v1/credit-requests"
# The invoice of each is read with all its lines.
MAX_CREDITS_AT_ONCE = 100
credit_api = Blueprint(
    "credit notes",
    __name__,
    description="A credit note takes back an invoice or a part of it. Once issued it never changes.",
)


class CreditRequestBody(CreditBody):
    EXAMPLES = {
        "A part": {"invoiceNumber": "INV-000001", "reason": "Broken", "lines": [{"lineNumber": 1, "quantity": "0.5"}]},
    }

    invoice_number = Text(60, required=True)
    supplier_id = Whole(allow_none=True, description="Needed when two suppliers have issued the same number.")


CREDIT = CreditRequestBody()


class BulkCreditBody(Body):
    EXAMPLES = {"One invoice": {"requests": [*CreditRequestBody.EXAMPLES.values()]}}

    requests = Many(
        fields.Raw(metadata={"anyOf": [{"$ref": "#/components/schemas/CreditRequestBody"}, {"type": "object"}]}),
        1,
        MAX_CREDITS_AT_ONCE,
        required=True,
    )


@credit_api.route("/api/v1/invoices/<invoice_number:number>/credit", "invoices:credit", methods=["POST"])
@credit_api.arguments(WhoseNumber(), location="query")
@credit_api.arguments(CreditBody())
@credit_api.response(200, Generated)
@credit_api.refuses(404, 409, 429)
@credit_api.idempotent
def credit_invoice(query: dict[str, Any], body: dict[str, Any], number: str) -> Response:
    """Credit an invoice, whole or in part: answer the number of the credit note.

    The credit note is numbered in the series `credit` of the supplier. The invoice stays as it is: its `creditedBy`
    names the credit notes, and its `amountDue` falls by their totals. 409 if more is asked for than is left.
    """

    def work(session: Session) -> Answer:
        quotas.admit_invoices(session, g.organization_id, 1)
        request = _request(session, body | {"invoice_number": number, "supplier_id": query.get("supplier_id")})
        return Answer(200, Generated().dump(crediting.issue(session, request)) | {"message": "credit note issued"})

    return once(work).response()


@credit_api.route(PATH, "invoices:credit", methods=["POST"])
@credit_api.arguments(CREDIT)
@credit_api.response(201, Queued)
@credit_api.refuses(404, 409, 429)
@credit_api.idempotent
def request_credit(body: dict[str, Any]) -> Response:
    """Queue a credit note: once accepted, it is issued exactly once.

    What cannot be credited as things are is refused. If less is left when its turn comes, the request fails.
    """

    def work(session: Session) -> Answer:
        request = _request(session, body)
        [verdict] = credit_intake.accept(session, g.organization_id, [request])
        return accepted(verdict, PATH, "credit")

    return once(work).response()


@credit_api.route(f"{PATH}/bulk", "invoices:credit", methods=["POST"])
@credit_api.arguments(BulkCreditBody())
@credit_api.response(201, Verdict(many=True))
@credit_api.refuses(429)
@credit_api.idempotent
@heavy
def request_credits(body: dict[str, Any]) -> Response:
    """Queue up to 100 credit notes in one commit; 400 only if none is accepted.

    The answer has one verdict for each request, in order: its `requestId`, or what is wrong with it.
    """
    loaded = [load(CREDIT, raw) for raw in body["requests"]]

    def work(session: Session) -> Answer:
        found = [one if isinstance(one, Refused) else _found(session, one) for one in loaded]
        valid = [one for one in found if isinstance(one, CreditRequest)]
        verdicts = iter(credit_intake.accept(session, g.organization_id, valid))
        return answers([next(verdicts) if isinstance(one, CreditRequest) else one for one in found])

    return once(work).response()


@credit_api.route(f"{PATH}/<row_id:request_id>", "invoices:read")
@credit_api.response(200, RequestState, headers=long_poll.HEADERS)
@long_poll.documented(credit_api)
@credit_api.refuses(404)
def show_credit_request(request_id: int) -> Response:
    """Show how far a credit request has come.

    COMPLETED comes with the credit note's id and number, FAILED with the reason in `errorMessage`.
    """
    return long_poll.answer(credit_intake.find, request_id, RequestState())


def _found(session: Session, body: dict[str, Any]) -> CreditRequest | Refusal:
    try:
        return _request(session, body)
    except Refusal as refused:
        return refused


def _request(session: Session, body: dict[str, Any]) -> CreditRequest:
    invoice_id = catalogue.id_of(session, g.organization_id, body["invoice_number"], body.get("supplier_id"))
    lines = tuple(CreditLine(**line) for line in body.get("lines", ()))
    return CreditRequest(g.organization_id, invoice_id, body["reason"], lines, body.get("issue_date"))
