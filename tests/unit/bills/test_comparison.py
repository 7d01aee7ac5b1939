"""An e-invoice whose page shows something else is looked at by a person."""

from datetime import date

import pytest

from domain.bills.extraction import Check, Hints, check, compare, extract
from tests.unit.bills.invoices import SAYS
from tests.unit.bills.pages import reading

PAGE = """
Brook & Sons Ltd                          Invoice R-2026/17
12 Mill Lane                              Date: 5 February 2026
Gears               4      25.00          100.00
A book              1      10.00           10.00
Net                                       110.00
VAT                                        19.70
Total                                     129.70 EUR
"""


def compared(page: str = PAGE, **changed: str | None) -> list[Check]:
    return compare(reading(page, xml=SAYS | changed))


def test_a_page_that_shows_what_the_e_invoice_says_agrees() -> None:
    [agreed] = compared()
    assert agreed.passed


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"total": "100.55"}, "the e-invoice says 100.55 as its total, the page does not"),
        ({"invoice_number": "R-2026/18"}, "R-2026/18 as its number"),
        ({"issue_date": "2026-02-06"}, "2026-02-06 as its date of issue"),
    ],
)
def test_a_page_that_shows_something_else_asks_for_review(changed: dict[str, str], says: str) -> None:
    [differs] = compared(**changed)
    assert not differs.passed
    assert differs.fields == tuple(changed)
    assert says in differs.says


def test_a_credit_notes_page_may_show_its_total_without_a_sign() -> None:
    [agreed] = compared(total="-129.70")
    assert agreed.passed


def test_the_checks_of_a_bill_compare_its_page_too() -> None:
    one = reading(PAGE, xml=SAYS | {"total": "100.55"})
    checks = {made.name: made.passed for made in check(extract(one, Hints()), one, Hints(), date(2026, 3, 1))}
    assert checks["page_agrees"] is False


@pytest.mark.parametrize("page", ["", "Please find our e-invoice attached."])
def test_a_page_without_the_invoice_on_it_is_not_compared(page: str) -> None:
    assert compared(page) == []


def test_a_page_without_xml_is_not_compared() -> None:
    assert compare(reading(PAGE)) == []


def test_the_e_invoice_is_exact_and_the_page_adds_what_it_leaves_out() -> None:
    found = extract(reading(PAGE, xml=SAYS | {"invoice_number": None, "total": "1.00"}), Hints())
    assert (found["total"].value, found["total"].origin, found["total"].confidence) == ("1.00", "xml", 1.0)
    assert (found["invoice_number"].value, found["invoice_number"].origin) == ("R-2026/17", "text")
