"""Bills of many kinds and languages are read whole, from a text layer and from pictures; what is certain is right."""

import math
from collections.abc import Callable
from decimal import Decimal

import pytest

from domain.bills.content import OCR, Found, Page, Reading, Word
from domain.bills.extraction import extract, is_certain
from domain.bills.extraction.layout import Sheet, squeeze
from tests.unit.bills.samples import LAYOUTS, Layout

SUMS = ("subtotal", "tax_total", "total")


def as_it_is(one: Reading) -> Reading:
    return one


def turned(degrees: float) -> Callable[[Reading], Reading]:
    """Return what turns a page, as a scan is, and says that a picture was read."""

    def turn(one: Reading) -> Reading:
        return Reading([turned_page(page, degrees) for page in one.pages])

    return turn


def turned_page(page: Page, degrees: float) -> Page:
    slope = math.tan(math.radians(degrees)) * page.width / page.height
    words = [lowered(word, slope * (word.box.left + word.box.right) / 2) for word in page.words]
    return page._replace(words=words, origin=OCR)


def lowered(word: Word, by: float) -> Word:
    return word._replace(box=word.box._replace(top=word.box.top + by, bottom=word.box.bottom + by))


def in_cells(one: Reading) -> Reading:
    """Return what an engine gives that knows lines of text, and no words."""
    rows = Sheet(one).rows
    return Reading(
        [
            page._replace(
                origin=OCR,
                words=[Word(cell.text, cell.box, 0.98) for row in rows if row.page is page for cell in row.cells],
            )
            for page in one.pages
        ]
    )


CHANGES = {"text layer": as_it_is, "turned": turned(2), "the other way": turned(-3), "lines": in_cells}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("one", LAYOUTS.values(), ids=LAYOUTS)
def test_a_bill_is_read_whole(one: Layout, change: Callable[[Reading], Reading]) -> None:
    found = extract(change(one.reading), one.hints)
    wrong = {
        field: found.get(field) for field, value in one.says.items() if not is_right(field, value, found.get(field))
    }
    assert wrong == {}


def glued(one: Reading) -> Reading:
    """Return what a poor picture gives: the words of a line without the spaces between them."""
    pages = in_cells(one).pages
    return Reading(
        [page._replace(words=[word._replace(text=word.text.replace(" ", "")) for word in page.words]) for page in pages]
    )


def test_words_that_a_picture_glues_together_are_found_nearly_all_and_none_is_certain_and_wrong() -> None:
    read = [
        (field, value, found.get(field))
        for one in LAYOUTS.values()
        for found in [extract(glued(one.reading), one.hints)]
        for field, value in one.says.items()
    ]
    wrong = [one for one in read if not is_right(*one)]
    assert len(wrong) <= 0.05 * len(read), wrong
    assert not [one for one in wrong if one[2] and is_certain(one[2])]


@pytest.mark.parametrize("one", LAYOUTS.values(), ids=LAYOUTS)
def test_every_field_has_its_place_and_a_reason(one: Layout) -> None:
    for field, found in extract(one.reading, one.hints).items():
        assert found.page in {page.number for page in one.reading.pages}
        assert found.reason, field
        assert found.box is not None or field in (*SUMS, "taxes", "lines")


def is_right(field: str, value: str, found: Found | None) -> bool:
    if found is None:
        return False
    return Decimal(found.value) == Decimal(value) if field in SUMS else squeeze(found.value) == squeeze(value)
