"""A locked counter hands out consecutive numbers, each chained to the one before."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from domain.invoices import ledger
from domain.invoices.numbering import Counter

TODAY = date(2026, 2, 28)
CONTENT = dict.fromkeys(ledger.FIELDS, "x")


def counter(start: int = 1, last: int = 0, prefix: str = "INV-", digits: int = 6) -> Counter:
    return Counter(7, prefix, digits, start, last, ledger.GENESIS, stored_bytes=0, day=None, day_start=0, today=TODAY)


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(1, 20))
def test_numbers_follow_the_last_one_and_never_fall_below_the_start(start, last, count):
    series = counter(start, last)
    numbers = [series.number(CONTENT)["number"] for _ in range(count)]
    first = max(start, last + 1)
    assert numbers == list(range(first, first + count))
    assert series.last_number == numbers[-1]


@given(st.text(max_size=4), st.integers(1, 18), st.integers(1, 10**17))
def test_a_printed_number_is_the_prefix_and_the_padded_number(prefix, digits, start):
    printed = counter(start, prefix=prefix, digits=digits).number(CONTENT)["invoice_number"]
    assert printed.startswith(prefix)
    digits_shown = printed.removeprefix(prefix)
    assert int(digits_shown) == start
    assert len(digits_shown) == max(digits, len(str(start)))


@given(st.integers(1, 5))
def test_each_invoice_is_chained_to_the_one_before(count):
    series, previous = counter(), ledger.GENESIS
    for _ in range(count):
        numbered = series.number(CONTENT)
        assert bytes.fromhex(numbered["hash"]) == ledger.link(previous, numbered) == series.last_hash
        previous = series.last_hash


def test_an_invoice_without_a_date_gets_the_day_of_its_number():
    assert counter().number(CONTENT | {"issue_date": None})["issue_date"] == "2026-02-28"
    assert counter().number(CONTENT | {"issue_date": "2025-01-01"})["issue_date"] == "2025-01-01"
