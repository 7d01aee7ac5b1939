"""What has to hold for a bill, and when a person has to look: nothing that is not proved passes for certain."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.bills.checking import judge
from domain.bills.content import FIELDS, PERSON, TEXT, XML, Found, Reading
from domain.bills.extraction import Hints, KnownSupplier, check, extract, unsure
from domain.bills.status import Status
from tests.unit.bills.invoices import SAYS
from tests.unit.bills.samples import LAYOUTS

TODAY = date(2026, 3, 1)
NOBODY = Hints()
KNOWN = KnownSupplier(SAYS["supplier_name"], SAYS["supplier_vat_id"], ibans=[SAYS["iban"]], times_seen=12)


def fields(confidence: float = 1.0, origin: str = XML, **changed: Any) -> dict[str, Found]:
    said = SAYS | changed
    return {field: Found(said[field], confidence, origin) for field in FIELDS if said[field] is not None}


def failed(hints: Hints = NOBODY, today: date = TODAY, **changed: Any) -> dict[str, str]:
    """Return the sentences of the checks that a bill does not pass, if these fields of it are otherwise."""
    return {one.name: one.says for one in check(fields(**changed), None, hints, today) if not one.passed}


def test_a_bill_of_which_all_is_proved_needs_nobody() -> None:
    assert failed() == {}
    assert judge(fields(), None, NOBODY, TODAY).status == Status.PROCESSED


@pytest.mark.parametrize(
    ("changed", "name", "says"),
    [
        ({"total": "129.71"}, "totals", "110.00 plus 19.70 is 129.70, not 129.71"),
        ({"subtotal": None}, "totals", "nothing proves them"),
        ({"invoice_number": None}, "mandatory", "not found: invoice number"),
        ({"supplier_name": ""}, "mandatory", "not found: supplier name"),
        ({"currency_code": "DEM"}, "currency", "DEM is no currency of today"),
        ({"tax_total": "19.71", "total": "129.71"}, "taxes", "the taxes of each rate make 19.70, not 19.71"),
        ({"taxes": [{"rate": "0.07", "base": "110.00", "tax": "19.70"}]}, "taxes", "0.07 of 110.00 is not 19.70"),
        ({"issue_date": "2026-03-05", "due_date": None}, "dates", "which has not come yet"),
        ({"issue_date": "2020-03-05", "due_date": None}, "dates", "more than five years ago"),
        ({"due_date": "2026-01-01"}, "dates", "before it was issued"),
        ({"issue_date": "9999-12-31", "due_date": "9999-12-31"}, "dates", "which has not come yet"),
        ({"due_date": "2028-01-01"}, "dates", "more than a year after"),
        ({"supplier_vat_id": "DE136695977"}, "vat_id", "does not hold"),
        ({"iban": "DE89370400440532013001"}, "iban", "does not hold"),
    ],
)
def test_what_cannot_be_right_asks_for_review(changed: dict[str, Any], name: str, says: str) -> None:
    wrong = failed(**changed)
    assert says in wrong[name]
    assert judge(fields(**changed), None, NOBODY, TODAY).status == Status.NEEDS_REVIEW


def test_a_date_of_the_next_days_is_possible() -> None:
    assert failed(issue_date="2026-03-04", due_date=None) == {}


def test_a_tax_that_was_rounded_by_the_line_passes() -> None:
    assert (
        failed(
            subtotal="110.00",
            tax_total="19.72",
            total="129.72",
            taxes=[SAYS["taxes"][0] | {"tax": "19.02"}, SAYS["taxes"][1]],
        )
        == {}
    )


def test_another_account_than_before_asks_before_anybody_pays() -> None:
    hints = Hints(suppliers=[KNOWN])
    assert failed(hints) == {}
    assert "another account before" in failed(hints, iban="DE02120300000000202051")["supplier"]
    assert "another account" not in str(failed(Hints(suppliers=[KNOWN._replace(ibans=[])])))


def test_another_suppliers_account_asks() -> None:
    other = KnownSupplier("Somebody else", "DE811569869", ibans=[SAYS["iban"]])
    assert "that of Somebody else" in failed(Hints(suppliers=[other]))["supplier"]


def test_a_known_name_with_another_vat_id_asks() -> None:
    assert "had the VAT id" in failed(Hints(suppliers=[KNOWN]), supplier_vat_id="DE811569869")["supplier"]


@pytest.mark.parametrize(("times", "seen"), [(1, "once"), (12, "12 times")])
def test_how_often_a_supplier_was_seen_is_said(times: int, seen: str) -> None:
    known = KNOWN._replace(times_seen=times)
    says = {one.name: one.says for one in check(fields(), None, Hints(suppliers=[known]), TODAY)}
    assert says["supplier"] == f"{KNOWN.name}, seen {seen}"


def test_fields_that_are_not_certain_are_named_in_words() -> None:
    says = {one["name"]: one["says"] for one in judge(fields(0.5, TEXT), None, NOBODY, TODAY).checks}
    assert "supplier VAT id" in says["certain"]
    assert "IBAN" in says["certain"]
    assert "_" not in says["certain"]


@pytest.mark.parametrize("hints", [Hints(own_ids=["DE 136695976"]), Hints(own_names=["Brook & Sons Ltd."])])
def test_the_organizations_own_invoice_is_no_bill(hints: Hints) -> None:
    assert "its own invoices" in failed(hints)["not_own"]


@pytest.mark.parametrize("field", ["supplier_name", "invoice_number", "issue_date", "due_date", "total", "iban"])
def test_a_doubt_about_one_field_asks_for_review(field: str) -> None:
    doubted = fields() | {field: fields()[field]._replace(confidence=0.9, origin=TEXT)}
    assert unsure(doubted) == [field]
    assert judge(doubted, None, NOBODY, TODAY).status == Status.NEEDS_REVIEW


def test_what_a_person_wrote_is_certain() -> None:
    assert judge(fields(0.0, PERSON), None, NOBODY, TODAY).status == Status.PROCESSED


def test_lines_and_taxes_are_not_asked_about() -> None:
    doubted = {
        name: found._replace(confidence=0.5 if name in ("lines", "taxes") else 1) for name, found in fields().items()
    }
    assert unsure(doubted) == []


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_checks_of_a_bill_that_was_read_right_pass(name: str) -> None:
    one = LAYOUTS[name]
    found = extract(one.reading, one.hints)
    today = date.fromisoformat(one.says["issue_date"])
    # Some leave out what a bill needs, or what proves its total, or have a total that was rounded.
    net, tax, total = (Decimal(one.says.get(field, "-1")) for field in ("subtotal", "tax_total", "total"))
    lacking = {"mandatory"} | ({"totals"} if net + tax != total else set())
    assert [
        each for each in check(found, one.reading, one.hints, today) if not each.passed and each.name not in lacking
    ] == []


def test_pages_that_nobody_read_ask_for_review_with_the_reason() -> None:
    read = Reading([], unread={"It takes too long.": [2, 5], "no key": [3]})
    [told] = [one for one in check(fields(), read, NOBODY, TODAY) if not one.passed]
    assert (told.name, told.says) == (
        "pages_read",
        "page 2, 5 was not read: It takes too long.; page 3 was not read: no key",
    )
    assert judge(fields(), read, NOBODY, TODAY).status == Status.NEEDS_REVIEW
