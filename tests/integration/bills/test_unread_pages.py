"""A page that nobody here can read: what else the bill says is judged, and a person hears why and what to do."""

from typing import Any

import pytest

from domain.bills.reading import recognition
from domain.bills.status import ASK
from domain.jobs.registry import find
from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.bills import documents, papers
from tests.integration.bills.documents import joined, scanned
from tests.integration.bills.papers import PATH, pdf, received, value
from tests.integration.bills.services import annotated, completed, failed, saying, word
from tests.integration.gateways.receivers import serving
from tests.unit.bills.invoices import ubl

BAD_PICTURE = saying({"responses": [failed("Bad image data.", 3)]})


@pytest.fixture
def nothing_reads_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation has not the extra ocr."""
    monkeypatch.setattr(recognition, "LIBRARIES", ("no_such_library",))


def doubt(bill: dict[str, Any], name: str) -> str:
    """Return what a check says that a bill does not pass."""
    [check] = [check for check in bill["checks"] if check["name"] == name]
    assert not check["passed"]
    return check["says"]


@pytest.mark.usefixtures("nothing_reads_scans")
def test_a_bill_of_scans_alone_ends_at_once_with_what_to_do(client: Caller) -> None:
    bill = received(client, scanned(pdf()))
    assert (bill["status"], bill["message"]) == ("error", recognition.NOT_INSTALLED)
    assert chain.rows("SELECT kind, attempts FROM jobs WHERE kind = 'bill.scan'") == [("bill.scan", 1)]


@pytest.mark.usefixtures("nothing_reads_scans")
def test_a_bill_with_a_page_of_text_is_judged_by_that_and_a_person_looks(client: Caller) -> None:
    client.post(f"{PATH}/{received(client)['id']}/approve", {})
    bill = received(client, joined(pdf(number="2026-0118", date="2026-11-03"), scanned(pdf())))
    assert (bill["status"], value(bill, "invoiceNumber"), bill["pageCount"]) == ("needs_review", "2026-0118", 2)
    assert doubt(bill, "pages_read") == f"page 2 was not read: {recognition.NOT_INSTALLED}"
    assert client.put(f"{PATH}/{bill['id']}/fields", {"absent": ["dueDate"]}).json["status"] == "needs_review"
    assert client.post(f"{PATH}/{bill['id']}/approve", {}).status_code == 200


@pytest.mark.usefixtures("nothing_reads_scans")
def test_an_e_invoice_on_a_scan_is_believed_after_a_look(client: Caller) -> None:
    bill = received(client, documents.with_attachment(scanned(pdf()), ubl(), "factur-x.xml"))
    assert (bill["status"], value(bill, "total")) == ("needs_review", 129.7)
    assert doubt(bill, "pages_read")


def test_a_picture_that_the_service_cannot_read_is_left_out(client: Caller) -> None:
    with serving(BAD_PICTURE) as server:
        configure(ocr_provider="vision", ocr_url=f"http://127.0.0.1:{server.port}")
        mixed, lone = received(client, joined(pdf(), scanned(pdf()))), received(client, scanned(pdf()))
    assert (mixed["status"], value(mixed, "total")) == ("needs_review", 120)
    assert doubt(mixed, "pages_read").endswith("the OCR service cannot read the picture: Bad image data.")
    assert (lone["status"], lone["message"]) == (
        "error", "the OCR service cannot read the picture: Bad image data.",
    )  # fmt: skip


def test_the_words_of_the_service_are_a_page_of_the_bill(client: Caller) -> None:
    with serving(saying(annotated(word("Total", 0, 100, 100, 140), word("119.00", 900, 100, 1000, 140)))) as server:
        configure(ocr_provider="vision", ocr_url=f"http://127.0.0.1:{server.port}")
        bill = received(client, scanned(pdf()))
    assert (value(bill, "total"), bill["fields"]["total"]["origin"]) == (119, "ocr")


def test_a_model_that_is_of_no_use_leaves_the_bill_to_the_rules_and_a_person(client: Caller) -> None:
    client.post(f"{PATH}/{received(client)['id']}/approve", {})
    with serving(saying(completed(None, refusal="I cannot help with that."))) as server:
        url = f"http://127.0.0.1:{server.port}/v1"
        configure(extraction_provider="openai", extraction_url=url, extraction_model="a-model")
        bill = received(client, pdf(number="2026-0118", date="2026-11-03"))
    assert (bill["status"], value(bill, "invoiceNumber")) == ("needs_review", "2026-0118")
    assert doubt(bill, "model") == "the model refuses: I cannot help with that."


def test_a_provider_that_refuses_us_ends_in_the_words_of_the_setting(client: Caller) -> None:
    with serving(saying({}, 401)) as server:
        configure(ocr_provider="vision", ocr_url=f"http://127.0.0.1:{server.port}")
        answer = papers.send(client, scanned(pdf()))
        for _ in range(find(ASK).max_attempts):
            chain.time_passes()
            for kind in papers.KINDS:
                chain.run_waiting(kind)
    bill = client.get(f"{PATH}/{answer.json['billId']}").json
    assert (bill["status"], "check COUNTERFOIL_OCR_API_KEY" in bill["message"]) == ("error", True)
