"""Kinds of writing that once were read wrong, each as short as it can be."""

import pytest

from domain.bills.extraction import Hints, extract, is_certain
from tests.unit.bills.pages import reading
from tests.unit.bills.test_layouts import is_right

READ = {
    "a number's letters are no part of its label": ("Facture n° : R8176", "invoice_number", "R8176"),
    "a document's name may begin a number": ("Фактура\n№: INV-03003", "invoice_number", "INV-03003"),
    "a label may be glued to its number": ("Invoice No4711", "invoice_number", "4711"),
    "a number may look like a day": ("Rechnungsnummer: 20260312\nDatum: 12.03.2026", "invoice_number", "20260312"),
    "a series belongs to the number": ("Seria CDS Nr. 001245", "invoice_number", "CDS 001245"),
    "letters of a kind belong to the number": ("Fatura FT A/1203", "invoice_number", "FT A/1203"),
    "a number alone is a number": ("Atelier Roos\n\n\n\n\n\nNummer: 26031", "invoice_number", "26031"),
    "the year may stand first": ("Számla kelte: 2026. április 20.", "issue_date", "2026-04-20"),
    "a term's sentence may be of any language": ("À régler\npayable jusqu'au 10.04.2026", "due_date", "2026-04-10"),
    "a label may also name the date": ("Invoice No. & Date: OT/774 dated 01.06.2026", "invoice_number", "OT/774"),
    "a number may have groups": ("Facture du 17/02/2026\nn° 10 204 118 552", "invoice_number", "10 204 118 552"),
    "a date may follow a telephone number": ("Tel 12 34 56 Issued 01 Apr 2026", "issue_date", "2026-04-01"),
    "a day may be that of the tax as well": ("Date/Tax Point: 13-Mar-2026", "issue_date", "2026-03-13"),
    "terms lead to the day": ("Datum: 20.03.2026\nZahlbar in 10 Tagen", "due_date", "2026-03-30"),
    "terms of a discount do not": (
        "Datum: 20.03.2026\nZahlbar in 10 Tagen 2 % Skonto, 30 Tage netto", "due_date", "2026-04-19",
    ),
    "a word of three capitals is no currency": ("P.IVA 28356309998\nBitto DOP   5,00", "currency_code", "EUR"),
    "Y-tunnus": ("Y-tunnus: 6930313-0", "supplier_vat_id", "FI69303130"),
    "CVR": ("CVR 11319017", "supplier_vat_id", "DK11319017"),
    "adószám": ("Adószám: 17804851-2-06", "supplier_vat_id", "HU17804851"),
    "contribuinte": ("Contribuinte N.º 543958922", "supplier_vat_id", "PT543958922"),
    "ΑΦΜ": ("Α.Φ.Μ. 592772440", "supplier_vat_id", "EL592772440"),
    "VAT": ("VAT Reg No. 819 2230 00", "supplier_vat_id", "GB819223000"),
    "OIB": ("OIB: 66932899341", "supplier_vat_id", "HR66932899341"),
    "an account may have no country": (
        "Nr konta: 61 1090 1014 0000 0712 1981 2874", "iban", "PL61109010140000071219812874",
    ),
    "or a space behind it": ("Konto: PL 61 1090 1014 0000 0712 1981 2874", "iban", "PL61109010140000071219812874"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "field", "value"), READ.values(), ids=READ)
def test_it_is_read(text: str, field: str, value: str) -> None:
    assert is_right(field, value, extract(reading(text), Hints()).get(field))


PROVED = {
    "dots in a tax's name": (
        "Total HT   100,00 €\nT.V.A. 20 %   15,00 €\nT.V.A. 10 %   2,50 €\nTotal TTC   117,50 €",
        "100.00 17.50 117.50",
    ),
    "a year that ends a date is no amount": (
        "Kelt: 2026. 02. 19.\nNettó összesen   120 960 Ft\nÁFA 5%   6 048 Ft\nFizetendő   127 008 Ft",
        "120960 6048 127008",
    ),
}
DOUBTED = {
    "a charge is no tax": (
        "Zwischensumme   100,00 €\nVersandkosten   4,90 €\nGesamtsumme   104,90 €\nenthaltene MwSt. 19%   16,75 €",
        "88.15 16.75 104.90",
    ),
    "a charge may not be taxed": (
        "Taxable amount   $908.00\nSales tax 5%   $45.40\nFreight   $30.00\nInvoice total   $983.40",
        "938.00 45.40 983.40",
    ),
    "a total may be rounded": (
        "Total exkl. MWST   340.00\nMWST 8.1 %   27.54\nRundung   0.01\nTotal inkl. MWST   367.55",
        "340.00 27.54 367.55",
    ),
    "what is withheld is part of the total": (
        "Imponibile   2.080,00\nIVA 22%   457,60\nRitenuta   -400,00\nNetto a pagare   2.137,60",
        "2080.00 457.60 2537.60",
    ),
    "what is paid is part of the total": (
        "Netto   100,00\nMwSt. 19 %   19,00\nAnzahlung   -50,00\nRestbetrag   69,00",
        "100.00 19.00 119.00",
    ),
}


@pytest.mark.parametrize(("text", "sums"), (PROVED | DOUBTED).values(), ids=PROVED | DOUBTED)
def test_the_sums_are_read(text: str, sums: str) -> None:
    found = extract(reading(text), Hints())
    for field, value in zip(("subtotal", "tax_total", "total"), sums.split(), strict=True):
        assert is_right(field, value, found.get(field)), found


@pytest.mark.parametrize("text", [text for text, _ in DOUBTED.values()], ids=DOUBTED)
def test_sums_between_which_something_lies_are_doubted(text: str) -> None:
    found = extract(reading(text), Hints())
    assert not [field for field in ("subtotal", "tax_total", "total") if is_certain(found[field])]


@pytest.mark.parametrize(("text", "field"), [
    ("Harbour View Hotel\nPier Road, Kinsale, Co. Cork\nVAT No. IE1769610D", "supplier_name"),
    ("Bitto DOP   5,00", "currency_code"),
    ("Datum: 20.03.2026\nZahlbar in 10 Tagen", "due_date"),
])  # fmt: skip
def test_it_is_doubted(text: str, field: str) -> None:
    assert not is_certain(extract(reading(text), Hints())[field])


def test_a_month_that_is_another_one_in_another_language_is_doubted() -> None:
    assert not is_certain(extract(reading("Data wystawienia: 12 listopada 2026"), Hints())["issue_date"])
    assert is_certain(extract(reading("Data wystawienia: 12 grudnia 2026"), Hints())["issue_date"])


def test_lines_whose_totals_have_the_tax_in_them_keep_quantity_price_and_rate() -> None:
    text = """
Northwind Paper Ltd
Invoice number  INV-004711
Description                 Qty     Unit price   VAT    Amount
Offset printing, 120 g      2,500   0.084        20%    252.00
Courier, next day           1       18.50        20%    22.20
Zero rated book             3       12.99        0%     38.97
Subtotal                                                267.47
VAT                                                     45.70
Total EUR                                               313.17
"""
    lines = extract(reading(text), Hints())["lines"].value
    assert [(one["description"], one["quantity"], one["unit_price"], one["tax_rate"]) for one in lines] == [
        ("Offset printing, 120 g", "2500", "0.084", "0.2"), ("Courier, next day", "1", "18.50", "0.2"),
        ("Zero rated book", "3", "12.99", "0"),
    ]  # fmt: skip
