"""Issued invoices: list, show, PDF, export, mark-issued."""

import io
import re
import zipfile

import pytest

from domain.invoices import archive
from domain.pdf import rendering
from tests import bodies, chain
from tests.caller import Caller
from tests.tenant import Tenant, new_supplier

INVOICES = "/api/v1/invoices"
FIELDS = {
    "id", "invoiceNumber", "invoiceNumberInt", "issueDate", "dueDate", "localeCode", "currencyCode", "status",
    "supplier", "client", "supplierId", "clientId", "subtotal", "taxTotal", "total", "notes", "items", "createdAt",
    "updatedAt", "hash", "seriesCode", "taxRounding", "taxBreakdown", "discountTotal", "deliveryDate", "deliveryPeriod",
    "purchaseOrderNumber", "buyerReference", "contractNumber", "paymentTerms", "paymentReference", "paymentLink",
    "iban", "bic", "documentType", "credits", "creditedBy", "creditReason", "paidAmount", "amountDue", "paymentStatus",
}  # fmt: skip


def issue(client: Caller, supplier_id: int, path: str = "/invoices/generate", **changes) -> str:
    answer = client.post(path, bodies.invoice(supplier_id, **changes))
    assert answer.status_code == 200, answer.json
    return answer.json["invoiceNumber"]


def test_an_invoice_is_shown_whole(client: Caller, organization: Tenant) -> None:
    issue(client, organization.supplier_id, issueDate="2026-01-16", dueDate="2026-02-15", notes="Thanks")
    shown = client.get(f"{INVOICES}/INV-000001").json
    assert shown.keys() == FIELDS
    assert (shown["invoiceNumberInt"], shown["status"], shown["dueDate"]) == (1, "issued", "2026-02-15")
    assert (shown["subtotal"], shown["taxTotal"], shown["total"]) == (21, 4.2, 25.2)
    assert shown["items"] == [
        {
            "lineNumber": 1, "description": "Work", "quantity": 2, "unitPrice": 10.5, "discount": 0, "taxRate": 0.2,
            "lineSubtotal": 21, "lineTax": 4.2, "lineTotal": 25.2, "taxCategory": "S", "exemptionReason": None,
            "unitCode": None, "itemId": None,
        }
    ]  # fmt: skip
    assert (shown["supplier"]["name"], shown["client"]["name"]) == ("Acme Ltd", "Ada")
    assert shown["client"]["phone"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", shown["createdAt"])


def test_the_newest_come_first_a_page_at_a_time(client: Caller, organization: Tenant) -> None:
    numbers = [issue(client, organization.supplier_id) for _ in range(5)]
    seen, path = [], f"{INVOICES}?limit=2&status=issued"
    while path:
        answer = client.get(path)
        seen.append([invoice["invoiceNumber"] for invoice in answer.json])
        link = re.fullmatch('<(.+)>; rel="next"', answer.headers.get("Link", ""))
        path = link and link[1]
    assert [len(page) for page in seen] == [2, 2, 1]
    assert [number for page in seen for number in page] == numbers[::-1]


def test_the_list_can_be_of_one_status(client: Caller, organization: Tenant) -> None:
    issue(client, organization.supplier_id)
    unpaid = issue(client, organization.supplier_id, "/invoices/generate?unpaid=true", dueDate="2099-01-01")
    assert [one["invoiceNumber"] for one in client.get(f"{INVOICES}?status=unpaid").json] == [unpaid]


def test_unpaid_becomes_issued_and_never_back(client: Caller, organization: Tenant) -> None:
    number = issue(client, organization.supplier_id, "/invoices/generate?unpaid=true", dueDate="2099-01-01")
    marked = client.post(f"{INVOICES}/{number}/mark-issued")
    assert (marked.status_code, marked.json["status"]) == (200, "issued")
    assert marked.json["updatedAt"] > marked.json["createdAt"]
    assert client.post(f"{INVOICES}/{number}/mark-issued").status_code == 409
    assert client.post(f"{INVOICES}/INV-000009/mark-issued").status_code == 404


def test_a_number_of_two_suppliers_needs_its_supplier(client: Caller, organization: Tenant) -> None:
    other = new_supplier(organization)
    for supplier_id in (organization.supplier_id, other.supplier_id):
        issue(client, supplier_id, "/invoices/generate?unpaid=true", dueDate="2099-01-01")
    for method, address in (("GET", ""), ("GET", "/pdf"), ("POST", "/mark-issued")):
        path = f"{INVOICES}/INV-000001{address}"
        refused = client.send(method, path)
        assert (refused.status_code, [*refused.json["errors"]]) == (400, ["supplierId"])
        assert client.send(method, f"{path}?supplierId={other.supplier_id}").status_code == 200
        assert client.send(method, f"{path}?supplierId=999999").status_code == 404


def test_later_edits_change_no_invoice(client: Caller, organization: Tenant) -> None:
    issue(client, organization.supplier_id)
    before, pages = client.get(f"{INVOICES}/INV-000001").json, client.get(f"{INVOICES}/INV-000001/pdf").data
    client.put(f"/api/v1/parties/suppliers/{organization.supplier_id}", bodies.party(name="Renamed"))
    client.put(f"/api/v1/parties/clients/{before['clientId']}", bodies.party(name="Renamed"))
    [default] = [one for one in client.get("/api/v1/templates").json if one["isDefault"]]
    changed = {"name": "Plain", "html": bodies.TEMPLATE, "isDefault": True}
    assert client.put(f"/api/v1/templates/{default['id']}", changed).status_code == 200
    assert client.delete(f"/api/v1/parties/clients/{before['clientId']}").status_code == 204
    assert client.get(f"{INVOICES}/INV-000001").json == before
    assert client.get(f"{INVOICES}/INV-000001/pdf").data == pages


def test_the_preview_counts_what_the_archive_holds(client: Caller, organization: Tenant) -> None:
    supplier_id = organization.supplier_id
    for day in ("2026-01-10", "2026-01-20", "2026-02-01"):
        issue(client, supplier_id, issueDate=day)
    span = f"supplierId={supplier_id}&startDate=2026-01-11&endDate=2026-02-01"
    assert client.get(f"{INVOICES}/export/preview?{span}").json == {
        "count": 2,
        "earliestDate": "2026-01-20",
        "latestDate": "2026-02-01",
        "exceedsLimit": False,
        "limit": 500,
    }
    answer = client.get(f"{INVOICES}/export/zip?{span}")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as zipped:
        assert zipped.testzip() is None
        assert zipped.namelist() == ["INV-000002.pdf", "INV-000003.pdf"]
        assert zipped.read("INV-000002.pdf") == client.get(f"{INVOICES}/INV-000002/pdf").data


def test_no_transaction_is_open_while_the_archive_is_sent(client: Caller, organization: Tenant) -> None:
    for _ in range(3):
        issue(client, organization.supplier_id)
    answer = client.get(f"{INVOICES}/export/zip?supplierId={organization.supplier_id}", buffered=False)
    for _ in answer.iter_encoded():
        assert chain.value("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%'") == 0


def test_an_archive_is_bounded(client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        issue(client, organization.supplier_id)
    monkeypatch.setattr(archive, "MAX_INVOICES", 2)
    span = f"supplierId={organization.supplier_id}"
    assert client.get(f"{INVOICES}/export/preview?{span}").json["exceedsLimit"] is True
    assert client.get(f"{INVOICES}/export/zip?{span}").status_code == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("supplierId={id}&startDate=2026-02-01&endDate=2026-01-01", 400),
        ("supplierId={id}&startDate=x", 400),
        ("supplierId={id}&endDate=1999-01-01", 404),
        ("supplierId=999999", 404),
    ],
)
def test_an_impossible_span_is_refused(query: str, status: int, client: Caller, organization: Tenant) -> None:
    issue(client, organization.supplier_id)
    answer = client.get(f"{INVOICES}/export/zip?{query.format(id=organization.supplier_id)}")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_a_page_that_cannot_be_printed_is_reported_in_the_archive(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(client, organization.supplier_id)

    def jam(html: str, organization_id: int, **options: bool) -> bytes:
        raise rendering.RenderingFailed("paper jam")

    monkeypatch.setattr("domain.invoices.printing.render_pdf", jam)
    answer = client.get(f"{INVOICES}/export/zip?supplierId={organization.supplier_id}")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as zipped:
        assert zipped.read("INV-000001-NOT-PRINTED.txt") == b"paper jam"


def test_an_archive_waits_for_a_renderer_instead_of_leaving_a_page_out(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(client, organization.supplier_id)
    renders = [rendering.RendererBusy("busy"), rendering.RendererBusy("busy"), b"%PDF-"]

    def render(html: str, organization_id: int, **options: bool) -> bytes:
        answer = renders.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("domain.invoices.printing.render_pdf", render)
    answer = client.get(f"{INVOICES}/export/zip?supplierId={organization.supplier_id}")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as zipped:
        assert zipped.namelist() == ["INV-000001.pdf"]


def test_a_file_name_is_never_a_path() -> None:
    assert archive.file_name("../../etc/passwd") == ".._.._etc_passwd"
    assert archive.file_name('a"\r\nb') == "a___b"


def test_an_organization_that_prints_with_its_half_is_told_which_share_and_when(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = issue(client, organization.supplier_id)

    def has_its_half(*_: object, **__: object) -> bytes:
        raise rendering.ShareInUse

    monkeypatch.setattr(rendering._renderers, "render", has_its_half)
    refused = client.get(f"{INVOICES}/{number}/pdf")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json["violated-policies"] == ["printing"]
