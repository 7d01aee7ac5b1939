"""What prints is what was issued: each amount stands whole, once, inside the page, and beside no other."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pypdfium2
import pytest
from babel.localedata import locale_identifiers

from domain.money import _current_currencies, smallest_unit
from domain.templates.formatting import LocalFormat, locale_for
from domain.templates.sample import SAMPLE
from domain.templates.template import DEFAULTS, render_html
from domain.templates.view import InvoiceView, Terms
from tests.integration.pdf.renderers import render_pdf

CURRENCIES, LOCALES = sorted(_current_currencies()), sorted(locale_identifiers())
LARGEST = Decimal("999999999999")
SEED = 17
NUMBER = re.compile(r"\d.*\d")
JOINED = re.compile(r"[\u0590-\u1cff]")
PAGE_WIDTH, MARGIN = 595, 40  # points


def invoice(locale: str, currency: str, total: Decimal = LARGEST) -> InvoiceView:
    """Return an invoice of amounts with as many digits as an invoice may have."""
    least = total - 1 + smallest_unit(currency)
    line = replace(
        SAMPLE.items[0],
        quantity=Decimal("999999999.9999"),
        unit_price=Decimal("987654321987.654321"),
        discount=Decimal("123456789123.4567"),
        line_subtotal=least,
        line_tax=total - 3,
        line_total=least,
    )
    amounts = {"subtotal": total - 2, "tax_total": total - 3, "total": total - 4}
    terms = {"locale_code": locale, "currency_code": currency, "items": (line,), "notes": "x" * 150, "terms": Terms()}
    return replace(SAMPLE, **terms, **amounts)


def texts(view: InvoiceView) -> list[str]:
    """Return each amount as the invoice has to show it."""
    local = LocalFormat(view.locale_code, view.currency_code)
    [line] = view.items
    return [
        local.quantity(line.quantity),
        local.amount(line.unit_price),
        local.amount(line.discount),
        local.amount(line.line_total),
        *map(local.money, (view.subtotal, view.tax_total, view.total, view.discount_total)),
    ]


def plain(text: str) -> str:
    """Return the text without what a reader of PDFs makes of spaces and of marks that print nothing."""
    return "".join(c for c in text if not c.isspace() and c not in "\u200e\u200f\u061c\ufffe\x02")


def expected(amount: str, locale: str) -> str:
    """Return what must stand there in one piece: without a sign that changes sides, or whose letters are joined."""
    whole = plain(amount)
    if locale_for(locale).text_direction == "ltr" and not JOINED.search(whole):
        return whole
    return max(NUMBER.findall(whole), key=len)


def boxes(page: pypdfium2.PdfPage) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    text = page.get_textpage()
    for number in range(text.count_chars()):
        character = text.get_text_range(number, 1)
        if character.strip():
            yield character, text.get_charbox(number)


def assert_whole(template: str, view: InvoiceView) -> None:
    [page] = pypdfium2.PdfDocument(render_pdf(render_html(DEFAULTS[template], view)))
    shown = plain(page.get_textpage().get_text_range())
    for amount in texts(view):
        assert shown.count(expected(amount, view.locale_code)) == 1, (amount, view.locale_code)
    places = list(boxes(page))
    assert all(left >= MARGIN and right <= PAGE_WIDTH - MARGIN for _, (left, _, right, _) in places)
    for (_, before), (character, after) in pairwise(places):
        same_line = before[1] == after[1]
        beside = after[0] > before[2] - 1 or after[2] < before[0] + 1
        assert beside or not same_line or not character.isdigit(), "two amounts lie on each other"


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_each_rate_shows_its_base_and_tax_whole(template):
    for locale, currency in SEEN_CUT:
        view = invoice(locale, currency)
        rates = [
            replace(
                view.items[0], tax_rate=Decimal(rate) / 1000, line_subtotal=LARGEST - 10 - n, line_tax=LARGEST - 20 - n
            )
            for n, rate in enumerate((200, 75, 1))
        ]
        local = LocalFormat(locale, currency)
        pages = pypdfium2.PdfDocument(render_pdf(render_html(DEFAULTS[template], replace(view, items=tuple(rates)))))
        shown = plain("".join(page.get_textpage().get_text_range() for page in pages))
        for line in rates:
            rate = plain(local.rate(line.tax_rate))
            assert f"{rate}({plain(local.money(line.line_subtotal))}){plain(local.money(line.line_tax))}" in shown


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_amounts_of_fifteen_digits_stand_whole_once_and_inside_the_page(template):
    choice = random.Random(SEED)
    for locale, currency in [*SEEN_CUT, *((choice.choice(LOCALES), choice.choice(CURRENCIES)) for _ in range(30))]:
        assert_whole(template, invoice(locale, currency))


# With these, the first templates cut a digit off.
SEEN_CUT = [("hu_HU", "HUF"), ("id_ID", "IDR"), ("en_US", "HUF"), ("fr_FR", "KWD"), ("de_CH", "CHF")]


@pytest.mark.chaos
@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_amounts_stand_whole_in_every_locale_and_in_every_currency(template):
    """For each locale the currency that it writes longest, and for each currency the locale."""

    def length(locale: str, currency: str) -> int:
        return len(LocalFormat(locale, currency).money(LARGEST))

    pairs = {(locale, max(CURRENCIES, key=lambda one: length(locale, one))) for locale in LOCALES}
    pairs |= {(max(LOCALES, key=lambda one: length(one, currency)), currency) for currency in CURRENCIES}
    for locale, currency in sorted(pairs):
        assert_whole(template, invoice(locale, currency))


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_a_long_word_breaks_and_shrinks_nothing(template):
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 3
    supplier, client = (
        replace(party, name=word, email=f"{word}@example.org") for party in (SAMPLE.supplier, SAMPLE.client)
    )
    items = (replace(SAMPLE.items[0], description=word),)
    view = replace(SAMPLE, supplier=supplier, client=client, items=items, notes=word, invoice_number="N" * 60)
    sizes = []
    for one in (view, replace(SAMPLE, items=SAMPLE.items[:1])):
        page = pypdfium2.PdfDocument(render_pdf(render_html(DEFAULTS[template], one)))[0]
        text = page.get_textpage().get_text_range()
        assert "INV" in text or "NNN" in text
        sizes.append(max(top - bottom for _, (_, bottom, _, top) in boxes(page)))
        assert all(right <= PAGE_WIDTH - MARGIN for _, (_, _, right, _) in boxes(page))
    assert sizes[0] == pytest.approx(sizes[1], rel=0.2)


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_each_page_bears_the_invoices_number_and_its_own(template):
    pages = list(pypdfium2.PdfDocument(render_pdf(render_html(DEFAULTS[template], replace(SAMPLE, locale_code="de")))))
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        last = page.get_textpage().get_text_range().splitlines()[-1]
        assert last == f"INV-000001 Seite {number} von {len(pages)}"
