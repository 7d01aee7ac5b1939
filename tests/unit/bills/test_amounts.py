"""Amounts are read in every way in which people write them, and what is none is not taken for one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bills.extraction import amounts
from domain.bills.extraction.layout import Sheet
from tests.unit.bills.pages import reading

# Between thousands, and before the cents.
WAYS = [(",", "."), (".", ","), (" ", ","), (" ", "."), ("'", "."), ("’", "."), ("", "."), ("", ","), ("\u202f", ",")]


def seen(text: str) -> list[amounts.Amount]:
    return amounts.find(Sheet(reading(text)).rows)


def values(text: str) -> list[str]:
    return [str(amount.value) for amount in seen(text)]


@given(st.decimals(0, 999_999_999, places=2), st.sampled_from(WAYS), st.sampled_from(["", "-", "−"]))
def test_an_amount_is_read_as_it_was_written(value: Decimal, way: tuple[str, str], sign: str) -> None:
    thousands, mark = way
    written = f"{value:,.2f}".replace(",", "T").replace(".", mark).replace("T", thousands)
    # Another amount shows which mark the page has.
    [read, _] = seen(f"{sign}{written}\nx   1{mark}50")
    assert read.value == (-value if sign else value)
    assert read.decimals == 2


@given(st.integers(1_000, 99_999_999))
def test_lakhs_are_read_as_they_were_written(value: int) -> None:
    head, last = str(value)[:-3], str(value)[-3:]
    groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    assert seen(",".join([*groups, last]) + ".00")[0].value == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234 and 5,00", ["1234", "5.00"]),
        ("1.234 and 5.00", ["1.234", "5.00"]),
        ("0.084   252.00", ["0.084", "252.00"]),
        ("2,500   0.084   252.00", ["2500", "0.084", "252.00"]),
        ("12,00-", ["-12.00"]),
        ("-€75.00", ["-75.00"]),
        ("€ -75.00", ["-75.00"]),
        ("- 75.00", ["-75.00"]),
        ("(35,13 €)", ["35.13"]),
        ("1.250,-", ["1250"]),
        ("5,–", ["5"]),
        ("$1,299.00", ["1299.00"]),
        ("EUR649.17", ["649.17"]),
        ("649.17EUR", ["649.17"]),
        ("Total:649.17", ["649.17"]),
        ("Rechnungsbetrag350,33€", ["350.33"]),
        ("19%", ["19"]),
        ("1 . 234,50", ["1", "234.50"]),
        ("1.234.50", ["1234.50"]),
    ],
)
def test_numbers_are_read_with_what_stands_at_them(text: str, expected: list[str]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "31.03.2026",
        "01.234.567.8",
        "A4",
        "G-200",
        "33CL",
        "EQ4",
        "14/2026",
        "08:42",
        "1.0.0.1",
        "12,34,5",
        "INV-004711",
    ],
)
def test_what_is_no_amount_is_not_taken_for_one(text: str) -> None:
    assert values(text) == []


def test_a_quantity_is_not_glued_to_the_price_in_the_next_column() -> None:
    assert values("Support   1   240,00   20 %   1 360,00") == ["1", "240.00", "20", "1360.00"]


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("5.00 €", "EUR"),
        ("€5.00", "EUR"),
        ("£ 5.00", "GBP"),
        ("5,00 zł", "PLN"),
        ("CHF 5.00", "CHF"),
        ("5.00 USD", "USD"),
        ("5,00 лв.", "BGN"),
        ("₹ 5.00", "INR"),
        ("5,00 евро", "EUR"),
        ("5.00 kg", None),
        ("5.00", None),
    ],
)
def test_the_currency_at_an_amount_is_known_by_sign_or_code(text: str, currency: str | None) -> None:
    assert seen(text)[0].currency == currency


def test_a_rate_is_a_rate() -> None:
    assert [amount.is_percent for amount in seen("19 %   7%   20,0 %   19.00")] == [True, True, True, False]
