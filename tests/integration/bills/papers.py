"""Bills as others send them, made anew for each test."""

import io
from functools import cache
from typing import Any

from domain.pdf.rendering import render_pdf
from tests import chain
from tests.caller import Caller
from tests.tenant import Tenant

PATH = "/api/v1/bills"
KINDS = ("invoice.process", "bill.scan", "bill.ask")
MAX_ROUNDS = 10
SELLER = "Paper Mill GmbH"
VAT_ID = "DE136695976"
IBAN = "DE89370400440532013000"
PAGE = """<h1>{seller}</h1><p>Mill Lane 3, 10115 Berlin, Germany</p><p>VAT ID: {vat_id}</p>
<h2>Invoice</h2><p>Invoice number: {number}</p><p>Invoice date: {date}</p><p>Due date: {due}</p>
<table style="width: 100%"><tr><th>Description</th><th>Quantity</th><th>Unit price</th><th>Total</th></tr>
<tr><td>Paper A4</td><td>10</td><td>5.00</td><td>50.00</td></tr>
<tr><td>Envelopes</td><td>5</td><td>10.00</td><td>50.00</td></tr></table>
<p>Subtotal: {subtotal} EUR</p><p>VAT 20 %: {tax} EUR</p><p>Total: {total} EUR</p><p>IBAN: {iban}</p>"""
USUAL = {
    "seller": SELLER, "vat_id": VAT_ID, "number": "2026-0117", "date": "2026-11-02", "due": "2026-12-02",
    "subtotal": "100.00", "tax": "20.00", "total": "120.00", "iban": IBAN,
}  # fmt: skip


@cache
def pdf(**changes: str) -> bytes:
    """Return a PDF with a text layer that bills what USUAL and `changes` say."""
    return render_pdf(PAGE.format(**{**USUAL, **changes}), organization_id=0)


def send(caller: Caller, data: bytes, name: str = "bill.pdf", **options: Any) -> Any:
    """Upload a file; return the answer."""
    upload = {"data": {"file": (io.BytesIO(data), name)}, "content_type": "multipart/form-data"}
    return caller.send("POST", PATH, **upload, **options)


def work() -> None:
    """Do all that bills wait for, as workers would."""
    for _ in range(MAX_ROUNDS):
        for kind in KINDS:
            chain.run_waiting(kind)
        if not (
            left := chain.rows("SELECT kind, error FROM jobs WHERE status = 'PENDING' AND kind = ANY(%s)", [*KINDS])
        ):
            return
    raise AssertionError(f"still waiting: {left}")


def received(caller: Caller, data: bytes | None = None, name: str = "bill.pdf") -> dict[str, Any]:
    """Upload a file and have it read; return the bill as it is shown then."""
    answer = send(caller, pdf() if data is None else data, name)
    assert answer.status_code in (200, 202), answer.get_data(as_text=True)
    work()
    return caller.get(f"{PATH}/{answer.json['billId']}").json


def value(bill: dict[str, Any], name: str) -> Any:
    return bill["fields"][name]["value"]


def entries(tenant: Tenant) -> dict[str, Any]:
    """Return what the live entries of bills debit and credit, by account."""
    chain.keep_books()
    return dict(
        chain.rows(
            """SELECT account_code, sum(debit - credit) FROM journal_lines JOIN journal_entries AS e ON e.id = entry_id
            WHERE e.organization_id = %s AND source_type = 'bill' AND deleted_at IS NULL GROUP BY 1""",
            tenant.id,
        )
    )
