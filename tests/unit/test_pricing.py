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


def groups(items, currency, rounding):
    """Return the taxable amount and the tax of each rate, as the lines have them."""
    found = {}
    for line in price(items, currency, Decimal(0), rounding).lines:
        base, tax = found.get(line.tax_rate, (Fraction(0), Fraction(0)))
        found[line.tax_rate] = base + Fraction(line.subtotal), tax + Fraction(line.tax)
    return found


SMALL = st.builds(
    Item, st.just("x"), amounts(4, low="1", high="9"), amounts(4, high="9"), tax_rate=st.sampled_from(
        [Decimal("0"), Decimal("0.07"), Decimal("0.19"), Decimal("0.2"), Decimal("0.075")]
    )
)  # fmt: skip


@given(st.lists(SMALL, min_size=1, max_size=40), st.sampled_from(sorted(DECIMALS)))
def test_by_document_the_tax_of_each_rate_is_rounded_once(items, currency):
    for rate, (base, tax) in groups(items, currency, "document").items():
        assert tax == half_up(base * Fraction(rate), DECIMALS[currency])


@given(st.lists(SMALL, min_size=1, max_size=40), st.sampled_from(sorted(DECIMALS)))
def test_by_document_no_line_is_further_from_its_own_tax_than_the_smallest_unit(items, currency):
    unit = Fraction(1, 10 ** DECIMALS[currency])
    for line in price(items, currency, Decimal(0), "document").lines:
        assert line.tax >= 0
        assert abs(Fraction(line.tax) - Fraction(line.subtotal) * Fraction(line.tax_rate)) < unit


def test_the_two_roundings_differ_by_what_the_lines_round_up():
    items = [Item("x", Decimal(1), Decimal("0.33"), tax_rate=Decimal("0.2"))] * 3
    by_line, by_document = (price(items, "EUR", Decimal(0), rounding).tax_total for rounding in ("line", "document"))
    assert (by_line, by_document) == (Decimal("0.21"), Decimal("0.20"))


@pytest.mark.parametrize("category", ["Z", "E", "AE", "K", "G", "O"])
def test_a_category_without_tax_has_none_whatever_the_suppliers_rate(category):
    [line] = price([Item("x", Decimal(1), Decimal(10), tax_category=category)], "EUR", Decimal("0.2")).lines
    assert (line.tax_rate, line.tax) == (0, 0)
    taxed = Item("x", Decimal(1), Decimal(10), tax_rate=Decimal("0.2"), tax_category=category)
    with pytest.raises(Invalid, match=f"must be 0 with taxCategory {category}"):
        price([taxed], "EUR", Decimal(0))


def test_there_are_no_more_rates_than_a_print_can_hold():
    items = [Item("x", Decimal(1), Decimal(1), tax_rate=Decimal(n) / 1000) for n in range(1, 52)]
    assert len(price(items[:50], "EUR", Decimal(0)).lines) == 50
    with pytest.raises(Invalid, match="51 different tax rates"):
        price(items, "EUR", Decimal(0))


def test_a_standard_rate_is_above_nothing():
    standard = Item("x", Decimal(1), Decimal(10), tax_category="S")
    assert price([standard], "EUR", Decimal("0.2")).tax_total == 2
    with pytest.raises(Invalid, match="must be above 0"):
        price([standard], "EUR", Decimal(0))


@pytest.mark.parametrize("category", [None, "S", "Z"])
def test_a_reason_belongs_to_a_line_that_is_exempt(category):
    line = Item("x", Decimal(1), Decimal(10), tax_category=category, exemption_reason="because")
    with pytest.raises(Invalid) as refused:
        price([line], "EUR", Decimal("0.2"))
    assert list(refused.value.errors) == ["items[0].exemptionReason"]


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
