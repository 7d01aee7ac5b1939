"""The Promela model makes the moves of the lifecycle, all of them and no others."""

import re

import pytest

from domain.jobs.lifecycle import MOVES, Status
from tests.architecture.sources import ROOT
from tests.model.__main__ import MODEL, mutated
from tests.model.mutations import MUTATIONS, Mutation
from tests.model.runs import RUNS

TEXT = MODEL.read_text()
QUERIES = {path.stem for path in (ROOT / "db" / "queries").rglob("*.sql")}
INLINE = re.compile(r"^inline (\w+)\([^)]*\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
MOVE = re.compile(r"\bmove\(\w+, (\w+), (\w+)\)")


def moves(text: str) -> dict[str, set[tuple[Status | None, Status]]]:
    """Return the moves that each inline of the model makes, those left out that make none."""
    made = {name: set(MOVE.findall(body)) for name, body in INLINE.findall(text)}
    return {
        name: {(None if before == "NONE" else Status(before), Status(after)) for before, after in pairs}
        for name, pairs in made.items()
        if pairs
    }


def test_the_model_makes_the_moves_of_the_lifecycle() -> None:
    assert moves(TEXT) == MOVES


def test_a_move_that_is_missing_is_seen() -> None:
    assert moves(TEXT.replace("move(j, PENDING, CANCELLED)", "skip")) != MOVES


def test_nothing_but_a_move_writes_a_status() -> None:
    assert re.findall(r"\.status = (\w+)", TEXT) == ["after"]


def test_the_model_knows_the_states_of_the_lifecycle() -> None:
    [names] = re.findall(r"^mtype = \{ (.+) \};$", TEXT, re.MULTILINE)
    assert names.split(", ") == ["NONE", *Status]


def test_what_the_sweeper_asks_is_a_query_too() -> None:
    assert {"find_expired", "find_held"} <= {name for name, _ in INLINE.findall(TEXT)} & QUERIES


def test_each_move_is_a_query_too() -> None:
    assert moves(TEXT).keys() <= QUERIES


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_the_model(mutation: Mutation) -> None:
    assert mutated(TEXT, mutation.replaced) != TEXT
    assert mutation.run in RUNS
