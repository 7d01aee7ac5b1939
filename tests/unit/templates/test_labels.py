"""An invoice's words are in the language of its locale, in every catalogue that is shipped."""

from dataclasses import replace

import pytest
from babel import Locale

from domain.templates.formatting import LocalFormat
from domain.templates.labels import FOLDER, MESSAGES, PAGE, labels, languages
from domain.templates.page import page_style
from domain.templates.sample import SAMPLE
from domain.templates.template import DEFAULTS, render_html

CATALOGUES = sorted(path.stem for path in FOLDER.glob("*.po"))
# Words that two languages share.
SAME = {"Total", "Subtotal", "Client", "Description", "Page %(page)s of %(pages)s", "Faktura"}


def test_there_are_more_than_twenty_four_languages():
    assert len({one.partition("_")[0] for one in languages()}) > 24


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


def test_a_language_without_a_catalogue_is_english():
    assert labels(Locale.parse("sw"))["Bill to"] == "Bill to"


@pytest.mark.parametrize("template", sorted(DEFAULTS))
def test_the_shipped_templates_bear_no_word_of_one_language(template):
    html = render_html(DEFAULTS[template], replace(SAMPLE, locale_code="de_DE"))
    for word in ("Rechnung", "Einzelpreis", "Fällig am", "Zwischensumme", "Hinweise", "Steuernummer"):
        assert word in html
    for word in MESSAGES:
        assert f">{word}<" not in html, word


def test_a_number_that_means_something_in_a_style_or_in_html_means_nothing():
    style = page_style('"} body{display:none} </style><b>\\', LocalFormat("en", "EUR").locale, labels(Locale("en")))
    assert style.count('"') == 2 + 2 * 2, style
    assert "</style><b>" not in style
    assert "display:none" not in style
