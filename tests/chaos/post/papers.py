"""Bills and the mails that bring them: no two the same, each with all that an approval needs."""

from decimal import Decimal
from hashlib import sha256

from tests.integration.bills.documents import drawn
from tests.integration.mailboxes.letters import attached, letter

TAX_RATE = Decimal("0.2")
PAGE = """Paper Mill GmbH
Mill Lane 3, 10115 Berlin, Germany
VAT ID: DE136695976
Invoice
Invoice number: {number}
Invoice date: 2026-11-02
Subtotal: {subtotal} EUR
VAT 20 %: {tax} EUR
Total: {total} EUR
IBAN: DE89370400440532013000"""
UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:a="urn:a" xmlns:b="urn:b">
  <b:ID>{number}</b:ID><b:IssueDate>2026-11-02</b:IssueDate><b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>
  <a:AccountingSupplierParty><a:Party><a:PartyName><b:Name>Paper Mill GmbH</b:Name></a:PartyName>
    <a:PartyTaxScheme><b:CompanyID>DE136695976</b:CompanyID><a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:PartyTaxScheme>
  </a:Party></a:AccountingSupplierParty>
  <a:TaxTotal><b:TaxAmount currencyID="EUR">{tax}</b:TaxAmount></a:TaxTotal>
  <a:LegalMonetaryTotal>
    <b:TaxExclusiveAmount currencyID="EUR">{subtotal}</b:TaxExclusiveAmount>
    <b:TaxInclusiveAmount currencyID="EUR">{total}</b:TaxInclusiveAmount>
  </a:LegalMonetaryTotal>
</Invoice>"""
LINE = "BT /F 11 Tf 60 {} Td ({}) Tj ET\n"


def paper(number: int) -> bytes:
    """Return the bill of that number: a PDF with text, or XML."""
    subtotal = Decimal(100 + number)
    amounts = {"subtotal": subtotal, "tax": subtotal * TAX_RATE, "total": subtotal * (1 + TAX_RATE)}
    said = {"number": f"P-{number:06}", **{name: f"{amount:.2f}" for name, amount in amounts.items()}}
    if number % 2:
        return UBL.format(**said).encode()
    lines = PAGE.format(**said).splitlines()
    return drawn("".join(LINE.format(780 - 20 * place, line) for place, line in enumerate(lines)).encode())


def mail(message_id: str, *papers: bytes) -> bytes:
    """Return a mail that brings these bills."""
    return letter(*map(attached, papers), subject="Bills", message_id=message_id)


def digest(paper: bytes) -> str:
    return sha256(paper).hexdigest()
