"""Templates: what is shown, what is refused, and that a value can never become markup or a placeholder."""

import contextlib
import re
import time
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.errors import Invalid
from domain.money import _current_currencies, smallest_unit
from domain.pdf.rendering import PrintsTooLong, render_pdf
from domain.templates.markup import findings
from domain.templates.placeholders import NAMES
from domain.templates.sample import REQUIRED, SAMPLE
from domain.templates.template import DEFAULTS, MAX_BYTES, check, check_placeholders, render_html
from domain.templates.texts import directed
from tests.unit.templates.spellings import SPELLINGS, spelled

UNITS = [
    *(" ", "{{", "{{ ", "<", "<!--", "</", "<a ", "<a\nhref", "<a '", "<a \"'", "url(", "src=", "<style>", "attr(a "),
    *("data:image/svg,", "data:image/svg;base64,AAAA", "\\75", "&#", "&lt", "%25"),
]
MINIMAL = (
    "<p>{{invoiceNumber}} {{issueDate}}</p><p>{{supplierName}} {{clientName}}</p><table>{{itemsRows}}</table>{{total}}"
)
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def shown(name, **changes):
    return render_html("{{" + name + "}}", replace(SAMPLE, **changes))


def refusal(html):
    with pytest.raises(Invalid) as refused:
        check(1, html)
    return str(refused.value)


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_default_template_is_accepted_and_leaves_no_placeholder(name):
    check(1, DEFAULTS[name])
    assert "{{" not in render_html(DEFAULTS[name], SAMPLE)


def test_two_default_templates_are_shipped():
    assert sorted(DEFAULTS) == ["classic", "modern"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_documented_placeholder_shows_something(name):
    reduced = replace(SAMPLE.items[0], discount=Decimal(1), line_subtotal=Decimal("11.50"))
    assert shown(name, items=(reduced,)) not in ("", "{{" + name + "}}")


def test_the_smallest_legal_template_is_accepted():
    check(1, MINIMAL)


@pytest.mark.parametrize(("stalls", "accepted"), [(1, True), (2, False)])
def test_a_machine_that_stalls_once_while_the_largest_invoice_is_printed_has_no_template_refused(
    stalls, accepted, monkeypatch
):
    left = [stalls]

    def stalling(html, *terms):
        if len(html) > 100_000 and left[0]:
            left[0] -= 1
            raise PrintsTooLong("it takes too long to print")
        return render_pdf(html, *terms)

    monkeypatch.setattr("domain.templates.template.render_pdf", stalling)
    with contextlib.nullcontext() if accepted else pytest.raises(Invalid, match="takes too long"):
        check(1, MINIMAL)


@pytest.mark.parametrize(
    ("locale", "currency", "amount", "text"),
    [
        ("en_US", "USD", "1234.5", "$1,234.50"),
        ("de_DE", "EUR", "1234.5", "1.234,50\xa0€"),
        ("ja_JP", "JPY", "1234", "￥1,234"),
        ("en_US", "KWD", "1.5", "KWD\xa01.500"),
        ("bg_BG", "BGN", "12345.6", "12\xa0345,60\xa0лв."),
        ("xx_YY", "USD", "1234.5", "$1,234.50"),
        ("../../etc/passwd", "USD", "1234.5", "$1,234.50"),
    ],
)
def test_a_total_reads_as_its_locale_and_currency_write_it(locale, currency, amount, text):
    assert shown("total", locale_code=locale, currency_code=currency, total=Decimal(amount)) == text


@pytest.mark.parametrize(
    ("locale", "text"),
    [("en_US", "January 16, 2026"), ("bg-BG", "16 януари 2026\u202fг."), ("el_GR", "16 Ιανουαρίου 2026")],
)
def test_a_date_reads_as_its_locale_writes_it(locale, text):
    assert shown("issueDate", locale_code=locale, issue_date=date(2026, 1, 16)) == text


@pytest.mark.parametrize(
    ("locale", "text"),
    [("ja_JP", "2026年1月16日"), ("ar_EG", "16 يناير 2026"), ("he_IL", "16 בינואר 2026"), ("hi_IN", "16 जनवरी 2026"),
     ("th_TH", "16 มกราคม ค.ศ. 2026"), ("ka_GE", "16 იანვარი, 2026"), ("bo_CN", "January 16, 2026")],
)  # fmt: skip
def test_a_date_is_in_every_script_that_a_font_has_and_in_english_where_none_has(locale, text):
    assert shown("issueDate", locale_code=locale, issue_date=date(2026, 1, 16)) == text


@pytest.mark.parametrize(("locale", "text"), [("dv_MV", "MVR\xa01,234.50"), ("en_IN", "₹1,234.50")])
def test_a_currency_whose_sign_no_font_has_is_written_as_its_code(locale, text):
    currency = "MVR" if locale == "dv_MV" else "INR"
    assert shown("total", locale_code=locale, currency_code=currency, total=Decimal("1234.5")) == text


def test_a_line_loses_no_digit_of_its_price_quantity_or_rate():
    line = replace(
        SAMPLE.items[0],
        unit_price=Decimal("0.0035"),
        quantity=Decimal("1234.5670"),
        tax_rate=Decimal("0.0750"),
        discount=Decimal("1.5000"),
        line_total=Decimal("1234.5000"),
    )
    row = shown("itemsRows", items=(line,), locale_code="en_US")
    cells = [cell.split(">")[-1] for cell in row.split("</td>")[1:-1]]
    assert cells == ["1,234.567", "0.0035", "1.50", "7.5%", "1,234.50"]


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "subtotal", "total"),
    [
        ("3", "1.115", "0.25", "3.10", "€0.25"),
        ("1", "10.005", "0.001", "10.00", "€0.01"),  # the line lost a cent by it
        ("1", "10.00", "0.001", "10.00", "€0.00"),
        ("1", "5", "99", "0", "€5.00"),
        ("1", "1.005", "0", "1.01", "€0.00"),
    ],
)
def test_the_discount_total_is_what_the_lines_were_reduced_by(quantity, price, discount, subtotal, total):
    line = replace(
        SAMPLE.items[0],
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        discount=Decimal(discount),
        line_subtotal=Decimal(subtotal),
    )
    assert shown("discountTotal", items=(line,), currency_code="EUR", locale_code="en_IE") == total


def test_a_discount_has_a_column_and_a_row_only_where_there_is_one():
    reduced = replace(SAMPLE.items[0], discount=Decimal("2.50"), line_subtotal=Decimal("10.00"))
    for items, there in ((SAMPLE.items, False), ((*SAMPLE.items, reduced), True)):
        html = render_html(DEFAULTS["classic"], replace(SAMPLE, items=items))
        assert [word in html for word in (">Discount<", "Discounts included", 'class="number discount"')] == [there] * 3


def test_rows_below_a_head_of_the_templates_own_have_the_cells_that_they_always_had():
    row = render_html("{{itemsRows}}", SAMPLE).splitlines()[0]
    assert row.count("<td") == 6


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("dueDateRow", {"due_date": None}),
        ("notesSection", {"notes": None}),
        ("clientAddressLine2Row", {"client": replace(SAMPLE.client, address_line2=None)}),
        ("clientTaxIdRow", {"client": replace(SAMPLE.client, tax_id=None)}),
        ("supplierVatIdRow", {"supplier": replace(SAMPLE.supplier, vat_id="")}),
    ],
)
def test_a_row_without_a_value_leaves_no_element_behind(name, changes):
    assert shown(name, **changes) == ""


@pytest.mark.parametrize(
    ("region", "postal_code", "text"),
    [("IL", "62704", "Springfield, IL 62704"), (None, "62704", "Springfield, 62704"), (None, None, "Springfield")],
)
def test_the_city_line_has_no_stray_comma(region, postal_code, text):
    client = replace(SAMPLE.client, city="Springfield", region=region, postal_code=postal_code)
    assert shown("clientCityRegionPostal", client=client) == directed(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("<b>Bold</b>", "&lt;b&gt;Bold&lt;/b&gt;"),
        ("{{total}}", "{{total}}"),
        ("\"'><script>", "&quot;&#x27;&gt;&lt;script&gt;"),
        ("&lt;", "&amp;lt;"),
        (r"\1 \g<0>", r"\1 \g&lt;0&gt;"),
    ],
)
def test_a_value_is_shown_literally(value, text):
    assert shown("clientName", client=replace(SAMPLE.client, name=value)) == text
    assert text in shown("notesSection", notes=value)
    assert text in shown("itemsRows", items=(replace(SAMPLE.items[0], description=value),))
    assert text in shown("clientEmailRow", client=replace(SAMPLE.client, email=value))


@pytest.mark.parametrize("name", ["7*7", "self.__class__", "Total", "clientSecret", "", "total|safe"])
def test_an_unknown_placeholder_is_refused_by_name_and_never_evaluated(name):
    html = MINIMAL + "{{" + name + "}}"
    assert "{{" + name + "}}" in refusal(html)
    assert "49" not in render_html("{{7*7}}", SAMPLE)


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("{% for x in y %}", "remove {%"),
        ("{# note #}", "remove {#"),
        ("{{total", "no matching }}"),
        ("<script>alert(1)</script>", "remove <script>"),
        ("<SCRIPT src=x></SCRIPT>", "remove <script>"),
        ("<iframe src='file:///etc/passwd'></iframe>", "remove <iframe>"),
        ("<object data=x></object>", "remove <object>"),
        ("<embed src=x>", "remove <embed>"),
        ("<link rel=stylesheet href=x>", "remove <link>"),
        ("<base href='http://evil.example/'>", "remove <base>"),
        ("<meta http-equiv=refresh content='0;url=x'>", "remove http-equiv"),
        ("<img src=file:///etc/passwd>", 'remove src="file:///etc/passwd"'),
        ("<img src='http://evil.example/x'>", 'remove src="http://evil.example/x"'),
        ("<img src='&#104;ttp://evil.example/x'>", "remove src="),
        ("<img src='//evil.example/x'>", 'remove src="//evil.example/x"'),
        ("<img src='data:text/html,x'>", "remove src="),
        ("<img srcset='http://evil.example/x 2x'>", "remove srcset="),
        ("<svg><image xlink:href='http://evil.example/x'/></svg>", "remove xlink:href="),
        ("<a href='javascript:alert(1)'>x</a>", "remove href="),
        ("<style>@import 'x.css';</style>", "remove @import"),
        ("<style>p { background: url( 'http://evil.example/x') }</style>", "remove url("),
        ("<p style='background:URL(file:///etc/passwd)'>x</p>", "remove url("),
        ("<p style='background:url(\" http://evil.example/x\")'>x</p>", "remove url(http://evil.example/x)"),
        ("<svg><image href='https://evil.example/x'/></svg>", "remove href="),
        ("<p onclick='x()'>x</p>", "remove the onclick attribute"),
        ("<p title='{{clientName}}'>x</p>", "out of the tag"),
        ("<p title='>{{clientName}}'>x</p>", "out of the tag"),
        ("<{{clientName}}>", "out of the tag"),
        ("<style>p::before { content: '{{clientName}}' }</style>", "out of the tag or <style>"),
    ],
)
def test_what_would_run_or_fetch_is_refused_with_what_to_change(fragment, said):
    assert said in refusal(MINIMAL + fragment)


@pytest.mark.parametrize(("markup", "said"), SPELLINGS)
def test_an_address_is_found_however_it_is_spelled(markup, said):
    assert said in next(findings(MINIMAL + spelled(markup, "http://evil.example/x")))


@pytest.mark.parametrize(
    "fragment",
    [
        f"<img src='{PIXEL}'>",
        f'<style>p {{ background: url("{PIXEL}") }}</style>',
        "<p>https://shop.example</p><a href='https://shop.example'>our shop</a>",
        "<svg><defs><linearGradient id='g'/></defs><rect fill='url(#g)' width='9' height='9'/></svg>",
        "{{ notesSection }}",
        "<p>&lt;link&gt; and &lt;script&gt; in our shop: item(s), image(s), source(s) C:\\75rl 100% u&amp;rl</p>",
        "<style>p { --a: 'x'; content: '\\201C' attr(title) counter(page); filter: none }</style>",
        "<img src=\"data:image/svg+xml,%3Csvg id='a'%3E%3Cg fill='url(%23g)'/%3E%3C/svg%3E\">",
        "<svg><rect id='a' width='9' height='9'/><use href='#a'/></svg>",
        "<blockquote cite='https://shop.example'>5\" and 6' long</blockquote>",
    ],
)
def test_what_fetches_nothing_is_accepted(fragment):
    check(1, MINIMAL + fragment)


@pytest.mark.parametrize("name", sorted(REQUIRED))
@pytest.mark.parametrize(
    "hidden",
    ["", "<title>{}</title>", "<template>{}</template>", "<div style='display: none'>{}</div>",
     "<style>.no {{ display: none }}</style><p class=no>{}", "<textarea hidden>{}</textarea>"],
)  # fmt: skip
def test_a_template_that_does_not_show_what_an_invoice_must_say_is_refused(name, hidden):
    shown = "<table>{{itemsRows}}</table>" if name == "itemsRows" else "{{" + name + "}}"
    assert shown in MINIMAL
    assert name in refusal(MINIMAL.replace(shown, hidden.format(shown)))


@pytest.mark.parametrize("character", ["\U0001f600", "\ue000", "\u16a0"])
def test_a_template_with_a_character_that_no_font_has_is_refused(character):
    assert f"(U+{ord(character):04X})" in refusal(MINIMAL + character)


def test_a_template_that_cannot_print_the_largest_invoice_is_refused():
    tall = "<style>table { table-layout: fixed; width: 100% } td { overflow-wrap: break-word; height: 4000pt }</style>"
    assert "pages" in refusal(tall + MINIMAL)


def test_a_template_that_is_too_large_is_refused():
    assert "limit" in refusal(MINIMAL + "x" * MAX_BYTES)


@pytest.mark.parametrize("size", ["1px 1px", "0 0"])
def test_a_template_that_cannot_be_printed_is_refused_when_it_is_saved(size):
    assert "print" in refusal(MINIMAL + "<style>@page { margin: 0; size: " + size + " }</style>")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("opening", ["", "{{", "<a ", "<a href", "url(", "<style>", " src=", " onclick", "<a '"])
def test_a_hostile_template_is_inspected_in_linear_time(opening, unit):
    html = opening + unit * (MAX_BYTES // len(unit))
    started = time.process_time()
    assert sum(1 for _ in findings(html)) <= MAX_BYTES
    with contextlib.suppress(Invalid):
        check_placeholders(html)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "sr_RS", "bg_BG", "hi_IN"])
def test_line_and_total_amounts_show_the_decimals_of_iso_4217_in_every_currency(locale):
    for code in _current_currencies():
        unit = smallest_unit(code)
        amount = Decimal(1234)
        line = replace(SAMPLE.items[0], unit_price=Decimal("0.123456"), line_total=amount)
        cell = re.search(
            r'line-total">([^<]*)<', shown("itemsRows", currency_code=code, locale_code=locale, items=(line,))
        )
        total = shown("total", currency_code=code, locale_code=locale, total=amount)
        decimals = -int(unit.as_tuple().exponent)
        for text in (cell[1], total):
            digits = re.sub(r"\D", "", text)
            assert digits == "1234" + "0" * decimals, f"{code}: {text}"
        assert "123456" in shown("itemsRows", currency_code=code, locale_code=locale, items=(line,)), (
            "a unit price is cut"
        )
