import unicodedata

import pytest

from domain import text

SHAPED = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
NOTHING_TO_SEE = "\u200b\u2060\ufeff\u00ad\u2800\u3164\u180e\u115f\x00\x07\x1b\x7f\x85\u202e\ufe0f\U000e0041"


@pytest.mark.parametrize("character", [*NOTHING_TO_SEE, "", " ", "\u00a0\t\u2028"], ids=ascii)
def test_text_without_anything_to_see_is_blank(character: str) -> None:
    assert text.is_blank(f" {character}{character}")
    assert not text.is_blank(f"{character}x")


def test_every_control_and_format_character_is_invisible_unless_it_has_a_shape() -> None:
    formats = {n for n in range(0x110000) if unicodedata.category(chr(n)) in ("Cc", "Cf")}
    assert {n for n in formats if not text.is_blank(chr(n))} == SHAPED


def test_names_that_look_alike_are_compared_as_one() -> None:
    spellings = ["Café 1", "Cafe\u0301 1", "Ca\u00adfé\u00a0 1\u200b", "\ufeffCafé\t1"]
    assert {text.comparable(name) for name in spellings} == {"Café 1"}
    assert text.comparable("CAFÉ 1") != text.comparable("Café 1")


def test_all_spellings_of_a_tax_id_are_compared_as_one() -> None:
    spellings = [
        "BG 123.456-7",
        "bg1234567",
        "ＢＧ１２３４５６７",
        "BG\u200b123456\u20117",
        "BG 12\u00a034\u201356 7",
        "BG/123:45_67",
        "BG١٢٣٤٥٦٧",
    ]
    assert {text.comparable_identity(number) for number in spellings} == {"BG1234567"}
