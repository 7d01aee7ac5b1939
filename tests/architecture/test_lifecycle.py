"""The table of moves, the lanes, the SQL headers, the constraints and the diagram say the same."""

import re

from domain.jobs.lanes import LANES
from domain.jobs.lifecycle import FINISHED, MOVES, Status
from tests import chain
from tests.architecture.sources import ROOT

QUERIES = ROOT / "db" / "queries"
DIAGRAM = ROOT / "docs" / "lifecycle.md"
HEADER = re.compile(r"^-- (\w+): (\w+|-) -> (\w+)$", re.MULTILINE)
ARROW = re.compile(r"^ +(\w+|\[\*\]) --> (\w+): (\w+)$", re.MULTILINE)
END = re.compile(r"^ +(\w+) --> \[\*\]$", re.MULTILINE)

Move = tuple[str, Status | None, Status]
TABLE: set[Move] = {(verb, before, after) for verb, pairs in MOVES.items() for before, after in pairs}


def _state(name: str) -> Status | None:
    return None if name in ("-", "[*]") else Status(name)


def _constraint(name: str) -> str:
    return chain.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", name)


def _named(definition: str) -> set[Status]:
    return {Status(word) for word in re.findall(r"'([A-Z]+)'", definition)}


def test_each_query_that_moves_a_job_says_so_in_its_header():
    headers = {
        (verb, _state(before), _state(after))
        for path in QUERIES.rglob("*.sql")
        for verb, before, after in HEADER.findall(path.read_text())
    }
    assert headers == TABLE


def test_a_header_stands_in_the_file_of_its_verb_and_first():
    for path in QUERIES.rglob("*.sql"):
        verbs = {verb for verb, _, _ in HEADER.findall(path.read_text())}
        assert verbs <= {path.stem}
        assert not verbs or path.read_text().startswith(f"-- {path.stem}: ")


def test_no_query_without_a_header_writes_a_status():
    for path in QUERIES.rglob("*.sql"):
        writes = re.search(r"UPDATE (open_)?jobs\s+SET status|INSERT INTO open_jobs\b", path.read_text())
        assert bool(writes) == (path.stem in MOVES), path.name


def test_the_diagram_draws_the_table():
    text = DIAGRAM.read_text()
    assert {(verb, _state(before), _state(after)) for before, after, verb in ARROW.findall(text)} == TABLE
    assert {Status(name) for name in END.findall(text)} == FINISHED


def test_the_document_explains_every_move():
    explained = re.findall(r"^\| (\w+) \|", DIAGRAM.read_text(), re.MULTILINE)
    assert set(explained) - {"move"} == MOVES.keys()


def test_the_constraints_know_the_same_states(database):
    assert _named(_constraint("jobs_status_check")) == set(Status)
    assert _named(_constraint("jobs_completed_at_check")) == FINISHED
    assert _named(_constraint("jobs_lease_check")) == {Status.PROCESSING}
    assert _named(_constraint("jobs_error_check")) == {Status.FAILED}


def test_a_new_job_is_where_an_enqueue_puts_it(database):
    default = chain.value(
        "SELECT column_default FROM information_schema.columns WHERE table_name = 'jobs' AND column_name = 'status'"
    )
    assert {(None, status) for status in _named(default)} == MOVES["enqueue"]


def test_the_constraint_knows_the_same_lanes(database):
    assert set(re.findall(r"'(\w+)'", _constraint("jobs_lane_check"))) == set(LANES)
