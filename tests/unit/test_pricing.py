"""Amounts agree with exact fractions, rounded half up where the currency says so and nowhere else."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.invoices.request import Item
from domain.money import smallest_unit
from domain.pricing import MAX_TOTAL, price

DECIMALS = {"EUR": 2, "USD": 2, "BGN": 2, "RSD": 2, "LBP": 2, "IQD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3}


def amounts(places: int, low: str = "0", high: str = "1000000") -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=places, allow_nan=False)


RATES = st.none() | amounts(4, high="2")
# Not above what any of these lines comes to, but where a test is about that.
DISCOUNTS = amounts(4, high="0.0001")
ITEMS = st.builds(Item, st.just("x"), amounts(4, low="1"), amounts(6, low="0.0001"), DISCOUNTS, RATES)
HALVES = st.builds(Item, st.just("x"), st.just(Decimal("0.5")), st.integers(0, 9999).map(lambda n: Decimal(n) / 100))


def half_up(exact: Fraction, places: int) -> Fraction:
    return Fraction(floor(exact * 10**places + Fraction(1, 2)), 10**places)


def expected(item: Item, places: int, default_rate: Decimal) -> tuple[Fraction, Fraction]:
    gross = Fraction(item.quantity) * Fraction(item.unit_price)
    subtotal = half_up(gross - Fraction(item.discount), places)
    rate = default_rate if item.tax_rate is None else item.tax_rate
    return subtotal, half_up(subtotal * Fraction(rate), places)


@given(st.lists(ITEMS | HALVES, min_size=1, max_size=6), st.sampled_from(sorted(DECIMALS)), amounts(4, high="1"))
def test_each_line_is_rounded_half_up_to_the_currency_and_totals_are_their_sums(items, currency, default_rate):
    lines = [expected(item, DECIMALS[currency], default_rate) for item in items]
    subtotal, tax = (sum(column, Fraction(0)) for column in zip(*lines, strict=True))
    if subtotal + tax > Fraction(MAX_TOTAL):
        with pytest.raises(Invalid, match="must not exceed"):
            price(items, currency, default_rate)
        return
    priced = price(items, currency, default_rate)
    assert [(Fraction(line.subtotal), Fraction(line.tax)) for line in priced.lines] == lines
    assert all(line.total == line.subtotal + line.tax for line in priced.lines)
    found = priced.subtotal, priced.tax_total, priced.total
    assert tuple(map(Fraction, found)) == (subtotal, tax, subtotal + tax)


@given(st.lists(ITEMS, min_size=1, max_size=6), st.sampled_from(sorted(DECIMALS)))
def test_no_amount_is_negative_or_finer_than_the_currency(items, currency):
    try:
        priced = price(items, currency, Decimal(0))
    except Invalid:
        return
    for line in priced.lines:
        for amount in (line.subtotal, line.tax, line.total):
            assert amount >= 0
            assert -amount.as_tuple().exponent <= DECIMALS[currency]


def test_a_discount_may_be_all_of_its_line():
    [line] = price([Item("x", Decimal(2), Decimal("2.50"), Decimal(5))], "EUR", Decimal("0.2")).lines
    assert (line.subtotal, line.tax, line.total) == (0, 0, 0)


def test_each_discount_above_its_line_is_named():
    free, over = Item("x", Decimal(1), Decimal(5)), Item("x", Decimal(1), Decimal(5), Decimal("5.0001"))
    with pytest.raises(Invalid) as refused:
        price([over, free, over], "EUR", Decimal(0))
    assert list(refused.value.errors) == ["items[0].discount", "items[2].discount"]


@pytest.mark.parametrize(("currency", "tax"), [("EUR", "0.19"), ("JPY", "0"), ("KWD", "0.188")])
def test_tax_follows_the_decimals_of_the_currency(currency, tax):
    [line] = price([Item("x", Decimal(1), Decimal("0.5"), tax_rate=Decimal("0.375"))], currency, Decimal(0)).lines
    assert line.tax == Decimal(tax)


@pytest.mark.parametrize("currency", ["ZZZ", "", "eur", "EURO"])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(Invalid, match="invalid currency_code"):
        smallest_unit(currency)


def test_the_largest_total_is_taken_and_a_cent_more_is_refused():
    def total(cents: str) -> Decimal:
        return price([Item("x", Decimal(1), MAX_TOTAL + Decimal(cents))], "EUR", Decimal(0)).total

    assert total("0") == MAX_TOTAL
    with pytest.raises(Invalid, match="must not exceed"):
        total("0.01")


@pytest.mark.parametrize("code", ["DEM", "XXX", "XAU", "ZZZ", "eur", ""])
def test_what_is_legal_tender_nowhere_today_is_refused(code):
    with pytest.raises(Invalid, match="invalid currency_code"):
        smallest_unit(code)
