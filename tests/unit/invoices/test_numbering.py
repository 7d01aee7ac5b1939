"""A locked counter hands out consecutive numbers, each chained to the one before, on days that its series allows."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Conflict
from domain.invoices import ledger
from domain.invoices.numbering import Counter

TODAY = date(2026, 2, 28)
CONTENT = dict.fromkeys(ledger.FIELDS, "x") | ledger.ADDED | {"issue_date": None}
UNUSED: dict[str, Any] = {
    "supplier_id": 7, "code": "invoice", "pattern": "INV-", "digits": 6, "start_number": 1, "restart": "never",
    "chronology": "strict", "last_number": 0, "last_hash": ledger.GENESIS, "stored_bytes": 0, "day": None,
    "day_start": 0, "last_date": None, "year": None, "year_base": 0, "today": TODAY, "utc_day": TODAY,
}  # fmt: skip


def counter(**values: Any) -> Counter:
    return Counter(**UNUSED | values)


def number(series: Counter, day: str | None) -> dict[str, Any]:
    return series.number(CONTENT | {"issue_date": day})


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(1, 20))
def test_numbers_follow_the_last_one_and_never_fall_below_the_start(start, last, count):
    series = counter(start_number=start, last_number=last)
    numbers = [series.number(CONTENT)["number"] for _ in range(count)]
    first = max(start, last + 1)
    assert numbers == list(range(first, first + count))
    assert series.last_number == numbers[-1]


@given(st.text("AZaz09._-", max_size=4), st.integers(1, 18), st.integers(1, 10**17))
def test_a_printed_number_is_the_prefix_and_the_padded_number(prefix, digits, start):
    printed = counter(start_number=start, pattern=prefix, digits=digits).number(CONTENT)["invoice_number"]
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
    assert number(counter(), None)["issue_date"] == "2026-02-28"
    assert number(counter(), "2025-01-01")["issue_date"] == "2025-01-01"


def test_a_pattern_has_the_year_and_month_of_the_invoice_and_not_of_today():
    series = counter(pattern="R{YY}-{YYYY}{MM}-", digits=3)
    assert number(series, "2025-07-01")["invoice_number"] == "R25-202507-001"
    assert number(series, None)["invoice_number"] == "R26-202602-002"


def test_numbers_restart_with_the_first_invoice_of_each_year_but_the_first():
    series = counter(pattern="{YYYY}/", digits=2, start_number=57, restart="yearly")
    days = ["2024-11-30", "2024-12-31", "2025-01-02", "2026-01-01", "2026-01-01"]
    invoices = [number(series, day) for day in days]
    assert [one["invoice_number"] for one in invoices] == ["2024/57", "2024/58", "2025/01", "2026/01", "2026/02"]
    assert [one["number"] for one in invoices] == [57, 58, 59, 60, 61], "the chain goes on over the years"


def test_a_year_whose_numbers_have_ended_gets_no_more_whatever_the_chronology():
    series = counter(restart="yearly", chronology="warn")
    number(series, "2026-01-02")
    with pytest.raises(Conflict, match="the numbers of 2026 have begun"):
        number(series, "2025-12-31")
    assert number(series, "2026-01-01")["number"] == 2


def test_a_strict_series_refuses_a_date_before_its_last_and_names_it():
    series = counter(last_date=date(2026, 2, 20))
    with pytest.raises(Conflict, match="2026-02-20") as refused:
        number(series, "2026-02-19")
    assert (list(refused.value.errors), refused.value.members) == (["issueDate"], {"lastDate": "2026-02-20"})
    assert number(series, "2026-02-20")["number"] == 1, "a refused one took a number"


def test_a_lax_series_takes_any_date():
    series = counter(chronology="warn")
    days = ["2030-01-01", "2025-01-01", None]
    assert [number(series, day)["issue_date"] for day in days] == ["2030-01-01", "2025-01-01", "2026-02-28"]


def test_over_a_clock_that_was_put_back_a_day_the_last_date_goes_on():
    assert number(counter(last_date=TODAY + timedelta(1)), None)["issue_date"] == "2026-03-01"
    with pytest.raises(Conflict):
        number(counter(last_date=TODAY + timedelta(2)), None)
    assert number(counter(last_date=TODAY + timedelta(1), chronology="warn"), None)["issue_date"] == "2026-02-28"
