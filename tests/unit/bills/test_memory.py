"""What a person put right once is read right the next time, for the same supplier, whatever the new values are."""

import json
from typing import Any, NamedTuple

import pytest

from domain.bills.content import OCR, TEXT, Found
from domain.bills.extraction import Hints, KnownSupplier, extract, is_certain, learn
from tests.unit.bills.pages import reading

VAT_ID = "DE136695976"
FOOT = f"Kontor Nord GmbH, Hamburg, USt-IdNr. {VAT_ID}"


class Twice(NamedTuple):
    """Two bills in one layout, what a person makes of the first, and what the second has to be read as."""

    first: str
    second: str
    corrected: dict[str, str]
    expected: dict[str, str]


LAYOUTS = {
    "a wrong label: the number that counts has another name": Twice(
        f"""
Kontor Nord GmbH
Invoice number       88-1001           Reference code       KN2026A
Invoice date         05.01.2026
Total                119,00 EUR
{FOOT}
""",
        f"""
Kontor Nord GmbH
Invoice number       88-1002           Reference code       KN2099B
Invoice date         07.02.2026
Total                238,00 EUR
{FOOT}
""",
        {"invoice_number": "KN2026A"},
        {"invoice_number": "KN2099B", "issue_date": "2026-02-07"},
    ),
    "no label at all, but a place": Twice(
        f"""
Kontor Nord GmbH                                                    X-55.871
Beratung
Datum 05.01.2026
Gesamt               119,00 EUR
{FOOT}
""",
        f"""
Kontor Nord GmbH                                                    X-55.902
Beratung
Datum 07.02.2026
Gesamt               238,00 EUR
{FOOT}
""",
        {"invoice_number": "X-55.871"},
        {"invoice_number": "X-55.902"},
    ),
    "under its label": Twice(
        f"""
Kontor Nord GmbH
Bestellung                Vorgang                    Datum
77-1                      V/2026/3                   05.01.2026
Gesamt                    119,00 EUR
{FOOT}
""",
        f"""
Kontor Nord GmbH
Bestellung                Vorgang                    Datum
77-8                      V/2026/19                  07.02.2026
Gesamt                    238,00 EUR
{FOOT}
""",
        {"invoice_number": "V/2026/3"},
        {"invoice_number": "V/2026/19"},
    ),
    "the date of printing is not that of issue": Twice(
        f"""
Kontor Nord GmbH
Datum                     09.01.2026
Buchungstag               05.01.2026
Rechnungsnummer           12001
Gesamt                    119,00 EUR
{FOOT}
""",
        f"""
Kontor Nord GmbH
Datum                     28.02.2026
Buchungstag               07.02.2026
Rechnungsnummer           12044
Gesamt                    238,00 EUR
{FOOT}
""",
        {"issue_date": "2026-01-05"},
        {"issue_date": "2026-02-07", "invoice_number": "12044"},
    ),
    "day and month the other way round": Twice(
        """
Kettle Supply Inc.
Invoice number   12001          Invoice date   03/04/2026
Total            $119.00
EIN 94-3219874
""",
        """
Kettle Supply Inc.
Invoice number   12044          Invoice date   05/06/2026
Total            $238.00
EIN 94-3219874
""",
        {"issue_date": "2026-04-03"},
        {"issue_date": "2026-06-05"},
    ),
    "another sum is the total": Twice(
        f"""
Kontor Nord GmbH
Rechnungsnummer           12001
Datum                     05.01.2026
Auftragswert              500,00 EUR
Abrechnung Teil           119,00 EUR
Gesamtbetrag              500,00 EUR
{FOOT}
""",
        f"""
Kontor Nord GmbH
Rechnungsnummer           12044
Datum                     07.02.2026
Auftragswert              900,00 EUR
Zuschlag                   10,00 EUR
Abrechnung Teil           238,00 EUR
Gesamtbetrag              900,00 EUR
{FOOT}
""",
        {"total": "119.00"},
        {"total": "238.00"},
    ),
    "on the last page": Twice(
        f"""
Kontor Nord GmbH
Rechnungsnummer 12001
Datum 05.01.2026
\f
Summe aller Posten            119,00 EUR
Einbehalt                      19,00 EUR
Auszahlung                    100,00 EUR
{FOOT}
""",
        f"""
Kontor Nord GmbH
Rechnungsnummer 12044
Datum 07.02.2026
\f
Posten auf einer Seite mehr
\f
Summe aller Posten            238,00 EUR
Einbehalt                      38,00 EUR
Auszahlung                    200,00 EUR
{FOOT}
""",
        {"total": "100.00"},
        {"total": "200.00"},
    ),
    "the account is read at its label": Twice(
        f"""
Kontor Nord GmbH
Rechnungsnummer 12001
Treuhandkonto DE89 3704 0044 0532 0130 00
Seite 1
Hausbank      DE02 1203 0000 0000 2020 51
{FOOT}
""",
        f"""
Kontor Nord GmbH
Rechnungsnummer 12044
Treuhandkonto DE91 1000 0000 0123 4567 89
Seite 1
Hausbank      DE02 1203 0000 0000 2020 51
{FOOT}
""",
        {"iban": "DE89370400440532013000"},
        {"iban": "DE91100000000123456789"},
    ),
}


def seen(text: str, origin: str = TEXT, *suppliers: KnownSupplier) -> dict[str, Found]:
    return extract(reading(*text.split("\f"), origin=origin), Hints(suppliers=suppliers))


def corrections(one: Twice, origin: str = TEXT) -> list[dict[str, Any]]:
    """Return what is learnt from a first bill, as it comes back from where it was stored."""
    learnt = learn(reading(*one.first.split("\f"), origin=origin), seen(one.first, origin), one.corrected)
    return json.loads(json.dumps(learnt))


@pytest.mark.parametrize("origin", [TEXT, OCR])
@pytest.mark.parametrize("one", LAYOUTS.values(), ids=LAYOUTS)
def test_what_was_put_right_once_is_read_right_the_next_time(one: Twice, origin: str) -> None:
    field, value = next(iter(one.corrected.items()))
    assert field not in (first := seen(one.first, origin)) or first[field].value != value, "nothing was wrong"
    supplier = KnownSupplier(
        "Kontor Nord GmbH", VAT_ID, "94-3219874", times_seen=1, corrections=corrections(one, origin)
    )
    read = seen(one.second, origin, supplier)
    assert {field: read[field].value for field in one.expected} == one.expected
    assert "a person showed" in read[field].reason


def test_a_name_is_what_a_person_wrote() -> None:
    first, second = LAYOUTS["under its label"][:2]
    learnt = learn(reading(first), seen(first), {"supplier_name": "Kontor Nord Beratungsgesellschaft"})
    read = seen(second, TEXT, KnownSupplier("Kontor Nord GmbH", VAT_ID, corrections=learnt))
    assert read["supplier_name"].value == "Kontor Nord Beratungsgesellschaft"


PUT_RIGHT = {"supplier_name": "Kontor Nord Beratungsgesellschaft mbH", "supplier_vat_id": VAT_ID}
MISREAD = "Kontor Nord GmbH\nUSt-IdNr. DE999999999\nRechnungsnummer  {}\nGesamtbetrag   {} EUR"


def put_right(text: str, **corrected: str) -> KnownSupplier:
    """Return the supplier of a bill as it is known once a person has put its fields right."""
    corrected = PUT_RIGHT | corrected
    learnt = learn(reading(text), seen(text), corrected)
    return KnownSupplier(corrected["supplier_name"], corrected["supplier_vat_id"], times_seen=1, corrections=learnt)


def test_a_supplier_is_known_again_of_whom_nothing_on_the_page_was_right() -> None:
    supplier = put_right(MISREAD.format("12001", "119,00"))
    read = seen(MISREAD.format("12002", "238,00"), TEXT, supplier)
    assert {field: read[field].value for field in PUT_RIGHT} == PUT_RIGHT
    assert not any(is_certain(read[field]) for field in PUT_RIGHT), "it may be another one who is misread alike"


def test_what_was_misread_for_several_suppliers_tells_none_of_them() -> None:
    text = MISREAD.format("12001", "119,00")
    one, other = put_right(text), put_right(text, supplier_name="Anders AG", supplier_vat_id="DE811569869")
    read = seen(MISREAD.format("12002", "238,00"), TEXT, one, other)
    assert (read["supplier_name"].value, read["supplier_vat_id"].value) == ("Kontor Nord GmbH", "DE999999999")


def test_what_stays_is_not_forced_on_a_bill_that_now_says_otherwise() -> None:
    text = f"Rechnungsnummer 12001\nGesamtbetrag   119,00 EUR\n{FOOT}"
    learnt = learn(reading(text), seen(text), {"currency_code": "CHF"})
    supplier = KnownSupplier("Kontor Nord GmbH", VAT_ID, corrections=learnt)
    assert seen(text, TEXT, supplier)["currency_code"].value == "CHF", "the old mistake comes again"
    assert seen(text.replace("EUR", "PLN"), TEXT, supplier)["currency_code"].value == "PLN"


def test_the_latest_correction_counts() -> None:
    before = "Kontor Nord GmbH\nAlpha     A-100\nBeta      B-200\n" + FOOT
    after = "Kontor Nord GmbH\nAlpha     A-101\nBeta      B-201\n" + FOOT
    learnt = [*learn(reading(before), {}, {"invoice_number": "A-100"})]
    learnt += learn(reading(before), {}, {"invoice_number": "B-200"})
    read = seen(after, TEXT, KnownSupplier("Kontor Nord GmbH", VAT_ID, corrections=learnt))
    assert read["invoice_number"].value == "B-201"


def test_another_suppliers_bill_is_left_alone() -> None:
    one = LAYOUTS["a wrong label: the number that counts has another name"]
    other = KnownSupplier("Somebody else", "DE811569869", corrections=corrections(one))
    assert seen(one.second, TEXT, other)["invoice_number"].value == "88-1002"


def test_nothing_is_learnt_from_what_was_right_or_stands_nowhere() -> None:
    text = LAYOUTS["a wrong label: the number that counts has another name"].first
    before = seen(text)
    assert learn(reading(text), before, {field: found.value for field, found in before.items()}) == []
    assert learn(reading(text), before, {"total": "119.000", "invoice_number": "nowhere-1", "lines": []}) == []


def test_a_sign_that_a_person_turned_is_turned_again() -> None:
    text = f"Kontor Nord GmbH\nGutschrift Nr. 9\nBetrag   119,00 EUR\n{FOOT}"
    learnt = learn(reading(text), seen(text), {"total": "-119.00"})
    supplier = KnownSupplier("Kontor Nord GmbH", VAT_ID, corrections=learnt)
    assert seen(text.replace("119", "55"), TEXT, supplier)["total"].value == "-55.00"


def test_a_place_without_a_label_is_asked_about_again() -> None:
    first, second = (f"                    {number}\nBeratung\n{FOOT}" for number in ("X-55.871", "X-55.902"))
    learnt = learn(reading(first), seen(first), {"invoice_number": "X-55.871"})
    read = seen(second, TEXT, KnownSupplier("Kontor Nord GmbH", VAT_ID, corrections=learnt))["invoice_number"]
    assert (read.value, is_certain(read)) == ("X-55.902", False)


@pytest.mark.parametrize("block", ["Bill to\nKontor Nord GmbH, Kontorweg 1, Hamburg\nVAT ID {}", "Customer VAT id: {}"])
def test_a_customer_who_is_a_supplier_elsewhere_is_not_taken_for_the_supplier_of_this_bill(block: str) -> None:
    text = f"""
Ada Analytics
INVOICE                                INV-000018

{block.format(VAT_ID)}

Invoice date  2026-11-30
Total         119.00 EUR
"""
    supplier = KnownSupplier("Kontor Nord GmbH", VAT_ID, times_seen=3, corrections=[])
    read = seen(text, TEXT, supplier)
    assert "supplier_vat_id" not in read or not is_certain(read["supplier_vat_id"])
    assert "supplier_name" not in read or read["supplier_name"].value != "Kontor Nord GmbH", read["supplier_name"]
