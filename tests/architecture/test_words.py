"""Every word of the console is said in every language that it offers."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file
from jinja2.ext import babel_extract

from console import words
from tests.architecture.sources import ROOT

CONSOLE = ROOT / "console"
REFUSE = ("api", "console", "domain", "gateways")
KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
OPTIONS = {"trimmed": "true", "newstyle_gettext": "true"}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
OTHERS = [code for code in words.LANGUAGES if code != "en"]


@cache
def messages() -> list[tuple[str, str | tuple[str, ...]]]:
    """Return each message that the code or a template has translated, with its file."""
    return [*_in_code(sorted(CONSOLE.glob("*.py")), KEYWORDS), *_in_templates(), *_in_code(refusing(), {"say": None})]


def _in_code(paths: list[Path], keywords: Mapping[str, Any]) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for path in paths:
        for _, message, _, _ in extract_from_file("python", path, keywords=keywords):
            yield path.name, message


def _in_templates() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for path in sorted((CONSOLE / "templates").rglob("*.html")):
        with path.open("rb") as file:
            for _, _, message, _ in babel_extract(file, list(KEYWORDS), (), OPTIONS):
                yield path.name, message if isinstance(message, str) else tuple(m for m in message if m)


def refusing() -> list[Path]:
    """Return the files that refuse something, in English."""
    return sorted(path for package in REFUSE for path in (ROOT / package).rglob("*.py"))


def refusals() -> set[str]:
    """Return each text of these files: a refusal that names nothing is found by its sentence."""
    trees = (ast.walk(ast.parse(path.read_text())) for path in refusing())
    return {
        node.value for tree in trees for node in tree if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def first(message: str | tuple[str, ...]) -> str:
    return message if isinstance(message, str) else message[0]


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_with_all_that_it_names(language: str) -> None:
    catalogue, lacking = words.catalogue(language), []
    assert len(messages()) > 100
    for name, message in messages():
        said = catalogue.get(first(message))
        strings = [] if said is None else [said.string] if isinstance(said.string, str) else list(said.string)
        named = set(PLACEHOLDER.findall(first(message)))
        if (
            not strings
            or not all(strings)
            or any(set(PLACEHOLDER.findall(one)) - {"num"} != named - {"num"} for one in strings)
        ):
            lacking.append(f"{name}: {message!r}")
    assert not lacking, "\n".join(lacking)


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_of_a_message_that_is_gone(language: str) -> None:
    used = {first(message) for _, message in messages()} | refusals()
    known = {first(message.id) for message in words.catalogue(language) if message.id}
    assert known <= used, known - used


@pytest.mark.parametrize("language", OTHERS)
def test_no_message_is_translated_twice(language: str) -> None:
    ids = [line for path in (words.FOLDER / language).glob("*.po") for line in path.read_text().splitlines()
           if line.startswith("msgid ") and line != 'msgid ""']  # fmt: skip
    assert len(ids) == len(set(ids)), {one for one in ids if ids.count(one) > 1}
