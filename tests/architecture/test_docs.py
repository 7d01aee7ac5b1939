"""The documents say what is there: a link, a file, a test, a command or a setting that is gone turns this red."""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from settings import Settings, variable
from tests.architecture.sources import FIRST_PARTY, ROOT
from tests.architecture.test_compose import resolve

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FOLDERS = FIRST_PARTY | {"docs"}
LINK = re.compile(r"\[[^\]]+\]\((?!https?:|#)([^)#\s]+)[^)]*\)")
QUOTED = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def named_files(text: str) -> Iterator[tuple[str, str]]:
    """Yield (path, test name or "") for each thing in backquotes that looks like a path of this project."""
    for quoted in QUOTED.findall(text):
        path, _, test = quoted.partition("::")
        if re.fullmatch(r"[\w./-]+", path) and "/" in path and path.split("/")[0] in FOLDERS:
            yield path, test


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def missing(text: str) -> list[str]:
    """Return the files and tests that `text` names and that do not exist."""
    gone = [path for path, _ in named_files(text) if not (ROOT / path).exists()]
    tests = [(path, test) for path, test in named_files(text) if test and path not in gone]
    return gone + [f"{path}::{test}" for path, test in tests if test not in functions(ROOT / path)]


@every_document
def test_its_links_lead_somewhere(document: Path) -> None:
    assert [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()] == []


@every_document
def test_every_file_and_test_it_names_exists(document: Path) -> None:
    assert missing(document.read_text()) == []


def test_a_missing_file_or_test_is_seen() -> None:
    text = "`tests/none.py`, `tests/architecture/test_docs.py::test_none`, `docs/settings.md`, `a/b`"
    assert missing(text) == ["tests/none.py", "tests/architecture/test_docs.py::test_none"]
    assert LINK.findall("[a](docs/none.md) [b](https://a.example) [c](#d)") == ["docs/none.md"]


def shell_lines(text: str) -> Iterator[list[str]]:
    """Yield the words of each line in a document's shell blocks and of each command in backquotes."""
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()] + QUOTED.findall(text)
    for line in lines:
        if line.startswith(("make ", "counterfoil ", "docker compose run ")):
            yield shlex.split(line, comments=True)


def check_command(words: list[str], targets: set[str]) -> None:
    """Fail unless the make targets, or the `counterfoil` command, in a line of a document exist."""
    if words[0] == "make":
        assert {word for word in words[1:] if "=" not in word} <= targets, f"`{' '.join(words)}`: no such target"
        return
    arguments = words[words.index("--rm") + 2 :] if words[0] == "docker" else words[1:]
    try:
        resolve(arguments)
    except click.MissingParameter:
        return  # named without its options, in a sentence
    except click.UsageError as error:
        pytest.fail(f"`{' '.join(words)}`: {error.message or 'a group of commands, not one'}")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@every_document
def test_its_commands_exist(document: Path) -> None:
    for words in shell_lines(document.read_text()):
        check_command(words, make_targets())


@pytest.mark.parametrize("line", ["make tea", "counterfoil brew", "counterfoil up --cups 2", "counterfoil keys"])
def test_a_command_that_does_not_exist_is_seen(line: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check_command(shlex.split(line), make_targets())


def test_the_readme_begins_with_two_commands() -> None:
    first = next(shell_lines((ROOT / "README.md").read_text()))
    assert first == ["make", "demo"]
    assert [words[:2] for words in shell_lines((ROOT / "README.md").read_text())][1] == ["make", "test"]


def test_the_architecture_can_be_read_in_one_sitting() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 150


def test_each_promise_stands_in_the_architecture_with_its_tests() -> None:
    rows = re.findall(r"^\| (\d)\. [^|]+\|[^|]+\|([^|]+)\|$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    assert [number for number, _ in rows] == list("123456789")
    assert all("tests/" in guards or "not there yet" in guards for _, guards in rows)


def test_the_table_of_transactions_has_every_statement() -> None:
    text = (ROOT / "docs" / "transactions.md").read_text()
    assert [path.name for path in (ROOT / "db" / "queries").rglob("*.sql") if f"`{path.name}`" not in text] == []


def test_each_setting_stands_in_the_table_with_its_default_and_unit() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\S+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    wanted = {variable(f.name): f"`{f.default}`" if f.default != "" else "-" for f in fields(Settings)}
    assert {name: default for name, default, _, _ in rows} == wanted
    assert [name for name, *_ in rows] == list(wanted), "in the order of settings.py, so that a row is easy to find"


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_when_to_think_again(decision: Path) -> None:
    text = decision.read_text()
    assert re.match(rf"# {decision.name[:4]}: \S", text)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[-1] == "Revisit when", "a decision without an end becomes a habit"
    assert text.rpartition("## Revisit when")[2].strip()
    assert len(text.splitlines()) <= 60, "one page"


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{n:04d}" for n in range(1, len(DECISIONS) + 1)]


def test_what_is_checked_before_a_merge_is_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111, "it cannot be run"
    assert "set -eu" in script, "a red test would pass"
    assert [line for line in script.splitlines() if line.startswith("make ")] == ["make test", "make lint"]
