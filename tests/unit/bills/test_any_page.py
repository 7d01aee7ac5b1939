"""Whatever a page has on it, its fields are found or not, in bounded time: nothing of it raises."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bills.checking import judge
from domain.bills.content import FIELDS, OCR, TEXT, Box, Page, Reading, Word
from domain.bills.extraction import Hints, KnownSupplier, believe, extract, learn, model
from tests import processor

TELLING = (
    "Invoice", "No.", "№", "#", ":", "Date", "Due", "Total", "Net", "VAT", "MwSt.", "19%", "20", "%", "€", "EUR",
    "$", "kr", "Rechnung", "RE-1", "4711", "1.234,50", "100.00", "19,00", "119,00", "-", "(", ")", "-1",
    "31.12.2026", "1/2/26", "5", "2026-02-30", "May", "2026", "DE136695976", "DE89370400440532013000", "GmbH",
    "Kontor", "Bill", "to", "From", "Skonto", "bis", "Summe", "IBAN", "DE89", "3704", "Credit", "note", "N", "O",
    "'''", "1'000.00", ".,.", "٣", "½", "﷽", "\u202e", "İ",
)  # fmt: skip
words = st.one_of(st.sampled_from(TELLING), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
fractions = st.floats(0, 1)
boxes = st.builds(
    lambda a, b, c, d: Box(min(a, c), min(b, d), max(a, c), max(b, d)), fractions, fractions, fractions, fractions
)
placed = st.lists(st.builds(Word, words, boxes, fractions), max_size=40)
KNOWN = KnownSupplier("Kontor GmbH", "DE136695976", last_numbers=["RE-9"], ibans=["DE89370400440532013000"])
SAID = {"invoice_number": "4711", "total": "119.00", "issue_date": "2026-12-31"}


@settings(max_examples=60, deadline=None)
@given(st.lists(placed, max_size=3), st.sampled_from([TEXT, OCR]))
def test_no_page_raises(pages: list[list[Word]], origin: str) -> None:
    reading = Reading([Page(number, 595, 842, origin, one) for number, one in enumerate(pages, 1)], SAID)
    found = extract(reading._replace(xml=None), Hints(suppliers=[KNOWN]))
    assert set(found) <= set(FIELDS)
    for field in ("subtotal", "tax_total", "total"):
        assert field not in found or Decimal(found[field].value).is_finite()
    learnt = learn(reading, found, SAID)
    hints = Hints(suppliers=[KNOWN._replace(corrections=learnt)])
    judge(extract(reading, hints), reading, hints, date(2026, 3, 1))
    believe({**dict.fromkeys(model.ASKED), **SAID}, reading, found, Hints())
    assert model.question(reading) is not None


@pytest.mark.parametrize(
    "word",
    ["Customer", "Total", "5.00", "01/02/2026", "DE136695976", "DE89370400440532013000", "Supplier", "1" * 500,
     "a" * 5000, "rechnungzu" * 200, "19%", "total" * 300, "(" * 300],
)  # fmt: skip
def test_pages_that_say_one_thing_thousands_of_times_are_read_in_bounded_time(word: str) -> None:
    page = [
        Word(word if at % 3 else "Total", Box(across, down, across + 0.04, down + 0.005))
        for at in range(3000)
        for across, down in [(at % 20 / 20, at // 20 / 150)]
    ]
    reading, hints = Reading([Page(1, 595, 842, TEXT, page)]), Hints(suppliers=[KNOWN])
    assert processor.seconds(lambda: extract(reading, hints)) < 6, "a stranger's file keeps a worker busy"


LABELS = ("Total", "Net", "VAT", "Tax", "Invoice", "No:", "Date", "Due", "IBAN", "Customer", "Supplier", "Bill", "to")


AMOUNTS = ["EUR" if at % 3 == 0 else f"{at}.00" for at in range(3000)]


@pytest.mark.parametrize(
    ("words", "in_a_row", "most"),
    [(LABELS, 6, 7), (["1"], 3000, 7), (AMOUNTS, 60, 4), (["1 " * 70], 60, 4)],
    ids=["headings", "a row without end", "amounts", "words of many words"],
)
def test_many_pages_take_as_much_longer_as_they_are_more(words: Sequence[str], in_a_row: int, most: float) -> None:
    rows = 3000 // in_a_row
    page = [
        Word(words[at * 7 % len(words)], Box(across, down, across + 0.8 / in_a_row, down + 0.8 / rows))
        for at in range(3000)
        for across, down in [(at % in_a_row / in_a_row, at // in_a_row / rows)]
    ]
    reading = Reading([Page(number, 595, 842, TEXT, page) for number in range(1, 5)])
    assert processor.seconds(lambda: extract(reading, Hints())) < most, "a stranger's file keeps a worker busy"
