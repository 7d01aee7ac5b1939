"""Dates are read in numbers and in words of many languages; no day that is not is ever read."""

from datetime import date

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from domain.bills.extraction import dates
from domain.bills.extraction.layout import Sheet
from tests.unit.bills.pages import reading

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
LANGUAGES = ["en", "en_GB", "de", "fr", "bg", "es", "it", "nl", "pl", "pt", "cs", "ro"]


def seen(text: str) -> list[dates.Hit]:
    return [hit for row in Sheet(reading(text)).rows for hit in dates.find(row)]


@given(days, st.sampled_from(LANGUAGES), st.sampled_from(["long", "medium"]))
def test_a_date_in_words_is_read_in_each_language(day: date, language: str, width: str) -> None:
    [hit] = seen(format_date(day, width, locale=language))
    assert day in hit.meanings.values()


@given(
    days,
    st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%y"]),
)
def test_a_date_in_numbers_is_read(day: date, form: str) -> None:
    [hit] = seen(day.strftime(form))
    assert hit.day(dates.DMY) == day


@given(days)
def test_a_date_with_the_month_first_is_read_where_the_page_has_it_so(day: date) -> None:
    [hit] = seen(day.strftime("%m/%d/%Y"))
    assert hit.day(dates.MDY) == day


@pytest.mark.parametrize(
    "text",
    ["30.02.2026", "31.04.2026", "00.01.2026", "2026-13-45", "32/13/2026", "1.2.3", "05.06.", "030/41092-0", "12:30:10",
     "20260230", "78.46.77.91", "2014-471331", "v1.12.2026.4"],
)  # fmt: skip
def test_what_is_no_day_is_none(text: str) -> None:
    assert seen(text) == []


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Apr1,2026", "2026-04-01"),
        ("5.Februar2026", "2026-02-05"),
        ("Datum:05-02-202618:22", "2026-02-05"),
        ("am 3. Mrz. 2026", "2026-03-03"),
        ("le 1er mars 2026", "2026-03-01"),
        ("31 март 2026 г.", "2026-03-31"),
        ("1 de marzo de 2026", "2026-03-01"),
        ("May 3rd, 2026", "2026-05-03"),
    ],
)
def test_dates_are_read_with_what_is_glued_to_them(text: str, day: str) -> None:
    [hit] = seen(text)
    assert hit.day(dates.DMY).isoformat() == day


@pytest.mark.parametrize(
    ("texts", "currency", "country", "order", "is_sure"),
    [
        (["03/04/2026", "13/04/2026"], "USD", None, "dmy", True),
        (["03/04/2026", "04/13/2026"], "EUR", None, "mdy", True),
        (["03.04.2026"], None, None, "dmy", True),
        (["03/04/2026"], "USD", None, "mdy", False),
        (["03/04/2026"], "USD", "US", "mdy", True),
        (["03/04/2026"], "EUR", "FR", "dmy", True),
        (["03/04/2026"], None, None, "dmy", False),
        (["03/04/2026"], "CAD", None, "dmy", False),
        (["13/04/2026", "04/13/2026"], None, None, "dmy", False),
    ],
)
def test_the_order_of_day_and_month_is_shown_by_the_page_or_the_country(
    texts: list[str], currency: str | None, country: str | None, order: str, is_sure: bool
) -> None:
    hits = [hit for text in texts for hit in seen(text)]
    assert dates.order(hits, currency, None, country) == (order, is_sure)
