"""POST /api/v1/invoices/generate and POST /invoices/generate."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import pytest
from werkzeug.test import TestResponse

import settings
from api.http import exact_json
from domain.invoices import printing
from domain.pdf import rendering
from domain.pricing import OVER
from tests import bodies, chain
from tests.caller import Caller
from tests.tenant import Tenant

GENERATE = "/api/v1/invoices/generate"
FOR_INTERFACE = "/invoices/generate"
WRITTEN = ("invoices", "invoice_items", "jobs", "outbox", "clients", "idempotency_keys")


def written() -> list[int]:
    """Return how many rows each table holds that a request could write, and the last number taken."""
    rows = [chain.value(f"SELECT count(*) FROM {table}") for table in WRITTEN]
    return [*rows, int(chain.value("SELECT sum(last_number) FROM number_series"))]


def assert_refused(answer: TestResponse, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json["error"]) == (status, error)
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"] == error
    assert answer.json["status"] == status


@pytest.mark.parametrize("path", [GENERATE, FOR_INTERFACE])
def test_the_first_invoice_gets_the_first_number(path: str, client: Caller, organization: Tenant) -> None:
    answer = client.post(path, bodies.invoice(organization.supplier_id, issueDate="2026-01-16"))
    assert answer.status_code == 200
    assert answer.json == {
        "status": "issued",
        "message": "invoice generated",
        "invoiceNumber": "INV-000001",
        "issueDate": "2026-01-16",
    }


def test_it_is_dated_today_by_the_database(client: Caller, organization: Tenant) -> None:
    answer = client.post(GENERATE, bodies.invoice(organization.supplier_id))
    today = chain.value("SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date")
    assert date.fromisoformat(answer.json["issueDate"]) == today


def test_snake_case_is_understood(client: Caller, organization: Tenant) -> None:
    body = {
        "supplier_id": organization.supplier_id,
        "client": {"name": "Ada", "address_line1": "12 Engine Row", "city": "London", "country": "GB"},
        "items": [{"description": "Work", "quantity": "1", "unit_price": 5, "tax_rate": "0.075"}],
        "issue_date": "2026-01-16",
        "currency_code": "JPY",
    }
    assert client.post(GENERATE, body).status_code == 200
    shown = client.get("/api/v1/invoices/INV-000001").json
    assert (shown["currencyCode"], shown["items"][0]["taxRate"], shown["total"]) == ("JPY", 0.075, 5)
    assert shown["client"]["addressLine1"] == "12 Engine Row"


@pytest.mark.parametrize(
    ("currency", "price", "subtotal", "tax"),
    [("EUR", "10.005", "10.01", "0.75"), ("JPY", "10.5", "11", "1"), ("KWD", "10.0005", "10.001", "0.75")],
)
def test_amounts_are_rounded_half_up_to_the_currency(
    currency: str, price: str, subtotal: str, tax: str, client: Caller, organization: Tenant
) -> None:
    item = bodies.ITEM | {"quantity": 1, "unitPrice": price, "taxRate": "0.075"}
    client.post(GENERATE, bodies.invoice(organization.supplier_id, items=[item], currencyCode=currency))
    shown = exact_json.loads(client.get("/api/v1/invoices/INV-000001").data)
    assert (shown["subtotal"], shown["taxTotal"]) == (Decimal(subtotal), Decimal(tax))
    assert shown["total"] == shown["subtotal"] + shown["taxTotal"]


def test_a_discount_may_take_a_line_to_nothing(client: Caller, organization: Tenant) -> None:
    item = bodies.ITEM | {"discount": 21}
    client.post(GENERATE, bodies.invoice(organization.supplier_id, items=[item]))
    assert client.get("/api/v1/invoices/INV-000001").json["total"] == 0


def test_the_largest_amount_comes_back_digit_by_digit(client: Caller, organization: Tenant) -> None:
    """Eighteen digits: a float would give back fifteen of them."""
    item = {"description": "Dam", "quantity": 1, "unitPrice": "999999999998.123457", "taxRate": 0}
    client.post(GENERATE, bodies.invoice(organization.supplier_id, items=[item]))
    shown = client.get("/api/v1/invoices/INV-000001").data
    assert b'"unitPrice":999999999998.123457' in shown
    assert b'"total":999999999998.12' in shown


def test_the_same_client_is_found_again(client: Caller, organization: Tenant) -> None:
    for changes in ({}, {"addressLine1": "13 Engine Row"}):
        client.post(GENERATE, bodies.invoice(organization.supplier_id, client=bodies.CLIENT | changes))
    [known] = client.get("/api/v1/parties/clients").json
    assert known["addressLine1"] == "12 Engine Row"
    assert client.get("/api/v1/invoices/INV-000002").json["client"]["addressLine1"] == "13 Engine Row"
    body = bodies.invoice(organization.supplier_id, client={"id": known["id"]})
    assert client.post(GENERATE, body).json["invoiceNumber"] == "INV-000003"


def test_a_pdf_says_what_it_is(client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(organization.supplier_id, responseType="pdf", issueDate="2026-01-16")
    answer = client.post(GENERATE, body)
    assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
    assert answer.headers["X-Invoice-Number"] == "INV-000001"
    assert answer.headers["X-Invoice-Status"] == "issued"
    assert answer.headers["X-Invoice-Issue-Date"] == "2026-01-16"
    assert client.get("/api/v1/invoices/INV-000001/pdf").data == answer.data


def test_a_pdf_that_cannot_be_printed_costs_no_number(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = written()
    monkeypatch.setattr(printing, "render_pdf", _failing_from(1))
    answer = client.post(GENERATE, bodies.invoice(organization.supplier_id, responseType="pdf"))
    assert_refused(answer, "the invoice cannot be printed: out of ink")
    assert written() == before


def test_when_no_renderer_is_free_the_caller_comes_again(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = written()
    monkeypatch.setattr(printing, "render_pdf", _failing_from(1, rendering.RendererBusy("all busy")))
    answer = client.post(GENERATE, bodies.invoice(organization.supplier_id, responseType="pdf"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert written() == before


def test_an_organization_that_prints_its_half_while_another_prints_comes_again(
    client: Caller, organization: Tenant
) -> None:
    before = written()
    places = rendering._renderers._places
    with places.place(organization.id, 0, False), places.place(organization.id + 1, 0, False):
        answer = client.post(GENERATE, bodies.invoice(organization.supplier_id, responseType="pdf"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert written() == before


def test_a_pdf_lost_after_the_commit_is_named_and_can_be_fetched(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(printing, "render_pdf", _failing_from(2))
        answer = client.post(GENERATE, bodies.invoice(organization.supplier_id, responseType="pdf"))
    assert (answer.status_code, answer.json["invoiceNumber"]) == (503, "INV-000001")
    assert "/api/v1/invoices/INV-000001/pdf" in answer.json["detail"]
    assert client.get("/api/v1/invoices/INV-000001/pdf").status_code == 200


def _failing_from(first: int, failure: Exception | None = None):
    calls = count(1)

    def render(html: str, organization_id: int, **options: bool) -> bytes:
        if next(calls) >= first:
            raise failure or rendering.RenderingFailed("out of ink")
        return rendering.render_pdf(html, organization_id, **options)

    return render


def test_the_interface_may_leave_an_invoice_unpaid(client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(organization.supplier_id, issueDate="2026-01-16", dueDate="2026-02-16")
    assert client.post(f"{FOR_INTERFACE}?unpaid=true", body).json["status"] == "unpaid"
    assert client.post(f"{FOR_INTERFACE}?unpaid=false", body).json["status"] == "issued"


def test_unpaid_needs_a_due_date(client: Caller, organization: Tenant) -> None:
    before = written()
    answer = client.post(f"{FOR_INTERFACE}?unpaid=true", bodies.invoice(organization.supplier_id))
    assert_refused(answer, "due_date is required to mark invoice unpaid")
    assert "dueDate" in answer.json["errors"]
    assert written() == before


def test_the_interface_gets_numbers_only(client: Caller, organization: Tenant) -> None:
    answer = client.post(FOR_INTERFACE, bodies.invoice(organization.supplier_id, responseType="pdf"))
    assert_refused(answer, "responseType must be number here")
    assert written()[-1] == 0


def test_unpaid_is_the_interfaces_alone(client: Caller, organization: Tenant) -> None:
    answer = client.post(f"{GENERATE}?unpaid=true", bodies.invoice(organization.supplier_id))
    assert_refused(answer, "unpaid is not a known field")


TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"supplierId": 10**15}, "supplier not found"),
        ({"client": {"id": 10**15}}, "client not found"),
        ({"currencyCode": "ZZZ"}, "invalid currency_code: ZZZ"),
        ({"client": {}}, "client.id or client details (name, addressLine1, city, country) required"),
        ({"client": None}, "client.id or client details (name, addressLine1, city, country) required"),
        ({"client": {"name": "A"}}, "client.id or client details (name, addressLine1, city, country) required"),
        ({"issueDate": "2026-02-01", "dueDate": "2026-01-31"}, "due_date must not be before issue_date"),
        ({"dueDate": "2026-01-31"}, f"due_date must not be before today, {TODAY}, when it is issued"),
        ({"items": [bodies.ITEM | {"discount": "21.0001"}]}, f"items[0].discount {OVER}"),
        ({"items": [bodies.ITEM | {"quantity": 10**8, "unitPrice": 10**8}]}, "the total must not exceed 999999999999"),
    ],
)
def test_a_refusal_takes_no_number(changes: dict, error: str, client: Caller, organization: Tenant) -> None:
    before = written()
    body = bodies.invoice(organization.supplier_id) | changes
    for path in (GENERATE, FOR_INTERFACE, "/api/v1/invoice-requests"):
        if error != "client not found" or path != "/api/v1/invoice-requests":
            assert_refused(client.post(path, {k: v for k, v in body.items() if v is not None}), error)
    assert written() == before
    assert client.post(GENERATE, bodies.invoice(organization.supplier_id)).json["invoiceNumber"] == "INV-000001"


def test_fifty_callers_of_one_supplier_get_fifty_numbers(organization: Tenant, client: Caller) -> None:
    def issue(n: int) -> TestResponse:
        body = bodies.invoice(organization.supplier_id, client=bodies.CLIENT | {"taxId": f"T-{n % 5}"})
        return Caller(organization.key).post(GENERATE, body)

    with ThreadPoolExecutor(settings.current().api_threads // 2) as pool:
        answers = list(pool.map(issue, range(50)))
    assert {answer.status_code for answer in answers} == {200}
    numbers = sorted(answer.json["invoiceNumber"] for answer in answers)
    assert numbers == [f"INV-{n:06d}" for n in range(1, 51)]
    assert chain.value("SELECT count(*) FROM clients") == 5


def test_the_openapi_name_of_an_invoice_number_is_no_address(client: Caller) -> None:
    answer = client.get(GENERATE)
    assert answer.status_code == 405
    assert re.search("POST", answer.headers["Allow"])
