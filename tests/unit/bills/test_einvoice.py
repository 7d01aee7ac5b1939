"""What an e-invoice says is read exactly, in each of its syntaxes; nothing that a stranger puts into XML is obeyed."""

from decimal import Decimal

import pytest

from domain.bills.content import FIELDS
from domain.bills.reading import einvoice
from tests.unit.bills.invoices import AMOUNTS, SAYS, cii, ubl

EVERY = {
    "factur-x": cii(),
    "zugferd 1": cii(old=True),
    "ubl": ubl(),
    "byte order mark": b"\xef\xbb\xbf\n" + cii() + b"\0\0",
    "utf-16": cii().decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "an encoding that there is not": cii().replace(b'encoding="UTF-8"', b'encoding="UTF-9"'),
    "a broken first line": cii().replace(b'encoding="UTF-8"', b'encoding="UTF-8'),
    "no namespaces": ubl().replace(b"cac:", b"").replace(b"cbc:", b""),
    "comments": cii().replace(b"<ram:ID>", b"<!-- a --><ram:ID><!-- b -->"),
    "peppol's envelope": b"<StandardBusinessDocument><StandardBusinessDocumentHeader/>"
    + ubl().partition(b"?>")[2]
    + b"</StandardBusinessDocument>",
}


@pytest.mark.parametrize("xml", EVERY.values(), ids=EVERY)
def test_an_e_invoice_is_read_whole(xml: bytes) -> None:
    assert einvoice.parse(xml) == SAYS


@pytest.mark.parametrize("xml", [cii("381"), cii("381", sign="-"), ubl("CreditNote"), ubl("CreditNote", sign="-")])
def test_the_amounts_of_a_credit_note_are_negative_whichever_sign_they_have(xml: bytes) -> None:
    read = einvoice.parse(xml)
    assert [read[field] for field in AMOUNTS] == ["-110.00", "-19.70", "-129.70"]
    assert [row["tax"] for row in read["taxes"]] == ["-19.00", "-0.70"]
    assert [(row["quantity"], row["total"]) for row in read["lines"]] == [("-4", "-100.00"), ("-1", "-10.00")]
    assert {row["unit_price"] for row in read["lines"]} == {"25", "10.00"}


@pytest.mark.parametrize(("kind", "sign"), [("384", "-"), ("389", ""), ("380", "-")])
def test_another_kind_of_document_keeps_its_signs(kind: str, sign: str) -> None:
    assert einvoice.parse(cii(kind, sign=sign))["total"] == f"{sign}129.70"


def test_a_sum_that_is_not_said_is_worked_out() -> None:
    assert einvoice.parse(cii().replace(b"TaxBasisTotalAmount", b"Nothing"))["subtotal"] == "110.00"
    assert (
        einvoice.parse(ubl().replace(b"<cbc:TaxAmount", b"<cbc:No").replace(b"/cbc:TaxAmount", b"/cbc:No"))["tax_total"]
        == "19.70"
    )


def test_what_is_not_said_is_none_and_every_field_is_there() -> None:
    read = einvoice.parse(b"<Invoice><ID>7</ID></Invoice>")
    assert tuple(read) == FIELDS
    assert {field for field, value in read.items() if value is not None} == {"invoice_number", "taxes", "lines"}


@pytest.mark.parametrize("written", ["1,234.50", "1e9", "NaN", "Infinity", "--1", "1" * 50, "٣"])
def test_an_amount_that_is_none_is_left_out(written: str) -> None:
    xml = ubl().replace(b">129.70<", f">{written}<".encode())
    assert einvoice.parse(xml)["total"] is None


@pytest.mark.parametrize("written", ["2026-02-30", "2026-13-01", "yesterday", "20261301", "99999999"])
def test_a_date_that_is_none_is_left_out(written: str) -> None:
    assert einvoice.parse(ubl().replace(b">2026-02-05+01:00<", f">{written}<".encode()))["issue_date"] is None


def test_what_is_no_iban_is_left_out() -> None:
    assert einvoice.parse(ubl().replace(b"DE89370400440532013000", b"account 4711"))["iban"] is None


@pytest.mark.parametrize(
    ("xml", "says"),
    [
        (b"", "cannot be read"),
        (b"\x00\x01", "cannot be read"),
        (b"<Invoice><ID>7", "cannot be read"),
        (b"<html><body>Invoice</body></html>", "no e-invoice"),
        (b"<Invoice/>", "no e-invoice"),
        (b"<Invoice><Note>of a shop system of its own</Note></Invoice>", "no e-invoice"),
        (b"<StandardBusinessDocument><Order/></StandardBusinessDocument>", "no e-invoice"),
        (b"<a>" * 100_000, "cannot be read"),
        (b'<!DOCTYPE Invoice SYSTEM "http://127.0.0.1:1/x.dtd">' + b"<Invoice><ID>7</ID></Invoice>", "DOCTYPE"),
        (b'<!DOCTYPE Invoice [<!ENTITY a SYSTEM "file:///etc/passwd">]><Invoice><ID>&a;</ID></Invoice>', "DOCTYPE"),
    ],
)
def test_what_is_no_e_invoice_is_refused_in_plain_words(xml: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        einvoice.parse(xml)


def test_entities_that_multiply_are_refused_before_they_do() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE Invoice [<!ENTITY e0 "ha">{entities}]><Invoice><ID>&e11;</ID></Invoice>'
    with pytest.raises(ValueError, match=r"DOCTYPE|cannot be read"):
        einvoice.parse(bomb.encode())


def test_long_texts_and_lists_are_cut() -> None:
    line = b"<InvoiceLine><LineExtensionAmount>1</LineExtensionAmount></InvoiceLine>"
    read = einvoice.parse(b"<Invoice><ID>" + b"7" * 100_000 + b"</ID>" + line * 10_100 + b"</Invoice>")
    assert (len(read["invoice_number"]), len(read["lines"])) == (200, 10_000)


def test_what_cannot_be_seen_is_not_read() -> None:
    hidden = "\u202eNoble\u200b House\u2066\u0085Ltd".encode()
    read = einvoice.parse(ubl().replace(SAYS["supplier_name"].replace("&", "&amp;").encode(), hidden))
    assert read["supplier_name"] == "Noble House Ltd"


def test_rates_are_fractions() -> None:
    rates = [row["rate"] for row in einvoice.parse(cii().replace(b">7<", b">5.50<"))["taxes"]]
    assert list(map(Decimal, rates)) == [Decimal("0.19"), Decimal("0.055")]
