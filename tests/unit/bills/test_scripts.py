"""Who reads the letters is chosen by the script, and else by the language; figures come from who reads them best."""

import pytest

from domain.bills.reading.scripts import WEAK, Choice, Read, choose, is_confirmed, merge, missed, weaken

ALL = {"bul", "rus", "ell"}
NOBODY, LATIN = Choice(None, is_strange=True), Choice(None, is_strange=False)


@pytest.mark.parametrize(("found", "language", "available", "choice"), [
    (("Latin", 5.0), "en", ALL, LATIN),
    (("Latin", 5.0), "bg", ALL, LATIN),
    (("Cyrillic", 1.0), "en", ALL, Choice("bul", is_strange=False)),
    (("Cyrillic", 1.0), "ru", ALL, Choice("rus", is_strange=False)),
    (("Cyrillic", 2.0), "uk", ALL, Choice("bul", is_strange=False)),
    (("Latin", 0.9), "bg", ALL, Choice("bul", is_strange=False)),
    (("Cyrillic", 0.3), "en", ALL, Choice("bul", is_strange=False)),
    (("Cyrillic", 0.3), None, ALL, Choice("bul", is_strange=False)),
    (("Cyrillic", 0.0), None, ALL, LATIN),
    (("Cyrillic", 0.3), "el", ALL, Choice("ell", is_strange=False)),
    (("Greek", 0.3), None, {"bul"}, LATIN),
    (None, "bg", ALL, Choice("bul", is_strange=False)),
    (None, None, ALL, LATIN),
    (("Greek", 3.0), "en", ALL, Choice("ell", is_strange=False)),
    (("Greek", 3.0), "en", {"bul"}, NOBODY),
    (("Cyrillic", 3.0), "bg", set(), NOBODY),
    (None, "bg", set(), NOBODY),
    (("Arabic", 3.0), "en", ALL, NOBODY),
    (("Han", 3.0), "en", ALL, LATIN),
])  # fmt: skip
def test_the_script_decides_if_it_is_sure_and_else_the_language_and_else_what_is_suspected(
    found, language, available, choice
):
    assert choose(found, language, available) == choice


def at(text: str, left: float = 0.1, width: float = 0.1, sureness: float = 0.9) -> Read:
    return Read(text, left, 0.1, left + width, 0.12, sureness)


@pytest.mark.parametrize(("letters", "figures", "merged"), [
    ([at("Номер")], [at("Homep", sureness=0.99)], ["Номер"]),
    ([at("123A56")], [at("123456")], ["123456"]),
    ([at("31.03.2026г.")], [at("31.03.2026r.")], ["31.03.2026г."]),
    ([at("ВС123456789")], [at("BG123456789")], ["BG123456789"]),
    ([at("ВG80ВNВG96611020345678")], [at("BG80BNBG96611020345678")], ["BG80BNBG96611020345678"]),
    ([at("1", 0.1, 0.02), at("234,5O", 0.13, 0.07)], [at("1 234,50".replace(" ", ""), 0.1, 0.1)], ["1234,50"]),
    ([], [at("77")], ["77"]),
    ([], [at("Homep")], []),
    ([at("№5")], [at("5", 0.11, 0.08)], ["№5"]),
    (
        [at("ВС80", 0.1), at("ВМВС", 0.3), at("9661", 0.5)],
        [at("BG80", 0.1), at("BNBG", 0.3), at("9661", 0.5)],
        ["BG80", "BNBG", "9661"],
    ),
    ([at("ул."), at("ВМВС", 0.3)], [at("yn.", 0.1), at("BNBG", 0.3)], ["ул.", "ВМВС"]),
    ([at("улица"), at("5", 0.3)], [at("5", 0.3)], ["улица", "5"]),
])  # fmt: skip
def test_letters_come_from_the_one_and_figures_from_the_other(letters, figures, merged):
    assert [word.text for word in merge(letters, figures)] == merged


def test_letters_that_nobody_here_can_read_are_little_trusted():
    assert [word.sureness for word in weaken([at("Homep"), at("123")])] == [WEAK, 0.9]


@pytest.mark.parametrize(
    ("text", "box"), [("", [0, 0, 1, 1]), (" \0", [0, 0, 1, 1]), ("a", [0.5, 0, 0.5, 1]), ("a", [1, 0, 2, 1])]
)
def test_what_cannot_be_shown_is_no_word(text, box):
    assert Read.of(text, box, 1.0) is None


def test_signs_of_double_width_are_those_that_one_writes():
    word = Read.of("７％", [0, 0, 1, 1], 1.0)
    assert word is not None
    assert word.text == "7%"


def test_a_word_is_kept_within_its_page():
    assert Read.of("a b\x07", [-1, 0, 0.5, 2], 1.5) == Read("ab", 0, 0, 0.5, 1, 1.0)


@pytest.mark.parametrize(("texts", "confirmed"), [
    (["Номер", "дата", "Invoice"], True),
    (["Rechnung", "Datum", "Веtrag", "ТОТAL"], False),
    (["Фактура", "Invoice", "дата", "Date"], True),
    (["Τιμολόγιο", "IBAN"], True),
    ([], True),
])  # fmt: skip
def test_a_page_is_in_another_script_only_if_its_letters_say_so(texts, confirmed):
    assert is_confirmed([at(text) for text in texts]) == confirmed


def test_a_word_that_both_have_read_is_there_once():
    letters = [at("Договор№123", 0.1, 0.3)]
    figures = [at("Dorosop", 0.1, 0.18), at("123", 0.32, 0.08)]
    assert merge(letters, figures) == letters
    assert missed(letters, figures) == []
    assert missed(letters, [at("Ltd", 0.5)]) == [at("Ltd", 0.5)]
