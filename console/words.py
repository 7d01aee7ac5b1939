"""The words of the pages: English in the code, and for each other language gettext catalogues in a folder of `words/`.

Each subject has a catalogue of its own; what several of them say is said once.
"""

from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from flask import g, request

from domain.errors import Sentence

FOLDER = Path(__file__).with_name("words")
COOKIE = "language"
LANGUAGES = {"en": "English", "de": "Deutsch"}


def language() -> str:
    """Return the language of this request: the one that was chosen, or the first that the browser asks for."""
    if "language" not in g:
        chosen = request.cookies.get(COOKIE)
        g.language = chosen if chosen in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES), "en")
    return g.language


def gettext(message: str) -> str:
    """Return the message in the language of this request."""
    found = catalogue(language()).get(message)
    return str(found.string) if found and found.string else message


def said(sentence: str) -> str:
    """Return a sentence of the domain in the language of this request, or as it is where nobody has translated it."""
    if not isinstance(sentence, Sentence):
        return gettext(sentence)
    named = {name: said(value) if isinstance(value, str) else value for name, value in sentence.named.items()}
    return gettext(sentence.words) % named if named else gettext(sentence.words)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the message for this number of things."""
    found = catalogue(language()).get(one)
    if found and found.string:
        return str(found.string[0 if number == 1 else 1])
    return one if number == 1 else many


@lru_cache(maxsize=8)
def catalogue(language: str) -> Catalog:
    """Return the messages of a language; those of English are the code's."""
    whole = Catalog(locale=language)
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language, abort_invalid=True):
                if message.id:
                    whole[message.id] = message
    return whole
