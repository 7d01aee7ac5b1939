"""Each address that a message, a description or a page of the documentation names is one of the API."""

import re
from collections.abc import Iterator

from tests.architecture.sources import ROOT, production
from tests.caller import application

NAMED = re.compile(r"\b(GET|POST|PUT|DELETE) (/api/[\w/{}.-]+)")
PART = re.compile(r"<[^>]*>|\{[^}]*\}|(?<=/)(?:\d+|INV-\d+)(?=[/.]|$)")


def named() -> Iterator[tuple[str, str, str]]:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for file in (*(ROOT / source.path for source in production()), *pages):
        for method, path in NAMED.findall(file.read_text()):
            yield file.name, method, PART.sub("*", path.rstrip("."))


def test_each_address_that_is_named_is_there() -> None:
    rules = application().url_map.iter_rules()
    there = {(method, PART.sub("*", rule.rule)) for rule in rules for method in rule.methods or ()}
    found = list(named())
    assert len(found) > 30
    assert [one for one in found if one[1:] not in there] == []
