"""A text keeps its own direction on a page of the other, and nothing of it is markup."""

import pytest

from domain.templates.texts import directed, row


@pytest.mark.parametrize("text", ["Harbour Street", "Ada & Bob", "Ёлка"])
def test_between_letters_from_left_to_right_nothing_can_move(text):
    assert "<span" not in directed(text)


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("+44 23 9200 0000", "ltr"),
        ("14 Harbour Street", "ltr"),
        ("Ada Ltd.", "ltr"),
        ("Ada שלום Ltd", "ltr"),
        ("שלום", "rtl"),
        ("12 شارع النيل", "rtl"),
        ("شركة Ada.", "rtl"),
    ],
)
def test_a_text_says_its_direction_where_the_page_could_move_a_part_of_it(text, direction):
    assert directed(text) == f'<span dir="{direction}">{text}</span>'


def test_a_text_is_no_markup():
    assert directed("<b>&") == '<span dir="ltr">&lt;b&gt;&amp;</span>'
    assert row("kind", "<i>", "<b>a</b>").count("<i>") == 0
    assert row("kind", "Label", None) == row("kind", "Label", "") == ""
