"""An invoice's words are in the language of its locale, in every catalogue that is shipped."""

from dataclasses import replace

import pytest
from babel import Locale

from domain.tax import EXEMPTIONS
from domain.templates.formatting import LocalFormat
from domain.templates.labels import FOLDER, MESSAGES, PAGE, labels
from domain.templates.page import page_style
from domain.templates.sample import SAMPLE
from domain.templates.template import DEFAULTS, render_html

CATALOGUES = sorted(path.stem for path in FOLDER.glob("*.po"))
# Words that two languages share.
SAME = {"Export", "Total", "Subtotal", "Client", "Description", "Page %(page)s of %(pages)s", "Faktura"}


def test_there_are_more_than_twenty_four_languages():
    assert len({one.partition("_")[0] for one in CATALOGUES}) > 24


@pytest.mark.parametrize("code", CATALOGUES)
def test_each_catalogue_says_every_word_in_its_language(code):
    told = labels(Locale.parse(code))
    assert sorted(told) == sorted(MESSAGES)
    assert all(told.values())
    assert all(counter in told[PAGE] for counter in ("%(page)s", "%(pages)s"))
    assert {message for message in MESSAGES if told[message] == message} <= SAME


@pytest.mark.parametrize(
    ("code", "word"),
    [("de_AT", "Rechnung"), ("pt_BR", "Fatura"), ("nn_NO", "Faktura"), ("sr_Latn_RS", "Faktura"), ("sr_RS", "Фактура")],
)
def test_a_locale_has_the_words_of_its_language(code, word):
    assert labels(Locale.parse(code))["Invoice"] == word


@pytest.mark.parametrize("code", ["sw", "hi_Latn", "zh_Latn_CN", "en_GB"])
def test_a_language_or_a_script_without_a_catalogue_is_english(code):
    assert labels(Locale.parse(code))["Bill to"] == "Bill to"


@pytest.mark.parametrize(
    ("code", "word"), [("zh_Hans_SG", "开票给"), ("zh_Hant_TW", "開立對象"), ("sr_Cyrl_RS", "Купац")]
)
def test_a_script_that_is_named_has_its_words(code, word):
    assert labels(Locale.parse(code))["Bill to"] == word


def test_a_template_with_words_of_its_own_is_left_in_english():
    view = replace(SAMPLE, locale_code="de_DE")
    assert "Due date" in render_html("<b>Datum</b>{{dueDateRow}}", view)
    assert "Fällig am" in render_html("{{labelInvoice}}{{dueDateRow}}", view)


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_the_shipped_templates_bear_no_word_of_one_language(template):
    html = render_html(DEFAULTS[template], replace(SAMPLE, locale_code="de_DE"))
    for word in ("Rechnung", "Einzelpreis", "Fällig am", "Zwischensumme", "Hinweise", "Steuernummer"):
        assert word in html
    for word in set(MESSAGES) - set(EXEMPTIONS.values()):  # a reason is the invoice's own text
        assert f">{word}<" not in html, word


def test_a_number_that_means_something_in_a_style_or_in_html_means_nothing():
    style = page_style('"} body{display:none} </style><b>\\', LocalFormat("en", "EUR").locale, labels(Locale("en")))
    assert style.count('"') == 2 + 2 * 2, style
    assert "</style><b>" not in style
    assert "display:none" not in style
