"""The crash kit finds what a death can spoil, names the point, and costs nobody anything who does not use it."""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import distribution

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import settings
from counterfoil.crashkit.effects import QUEUE_TABLES
from counterfoil.crashkit.trial import NotCrashSafe
from db.engine import owner_url
from db.queries import FOLDER
from db.transaction import transaction
from domain.jobs import registry, submission
from domain.jobs.work import ClaimedJob, Context, Errand, job

COUNT = text("UPDATE till SET cents = cents + 5")
EveryPoint = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", registry._kinds.copy())


def driver(url: str) -> str:
    return url.replace("+psycopg", "")


def till(session: Session, organization_id: int) -> dict[str, int]:
    """Write what a job of these tests counts on; return its payload."""
    with psycopg.connect(driver(owner_url())) as owner:
        owner.execute("CREATE TABLE till (cents integer NOT NULL)")
        owner.execute("INSERT INTO till VALUES (0)")
    return {}


def holds_five(connection: psycopg.Connection) -> None:
    assert connection.execute("SELECT cents FROM till").fetchone() == (5,), "not five cents"


def kind(handler: Callable[[Context, ClaimedJob], object], **policy: object) -> str:
    job("acme.count", **policy)(handler)
    return "acme.count"


def count(context: Context, job: ClaimedJob) -> None:
    context.session.execute(COUNT)


def test_a_kind_that_keeps_to_its_transaction_may_be_killed_at_every_point(every_point: EveryPoint) -> None:
    passed = every_point(kind(count), till, [holds_five])
    assert {"before claim", "after UPDATE till SET cents", "before complete", "after commit"} <= set(passed)


def errand(act: Callable[[], None]) -> Callable[..., Errand]:
    """Return a handler that works outside, and records it."""

    def handler(context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
        context.session.execute(text("SELECT cents FROM till"))
        yield act
        context.session.execute(COUNT)
        return [{} for _ in jobs]

    return handler


def without_record(act: Callable[[], None]) -> Callable[..., Errand]:
    def handler(_context: Context, jobs: Sequence[ClaimedJob]) -> Errand:
        yield act
        return [{} for _ in jobs]

    return handler


def test_a_kind_that_works_outside_may_be_killed_at_every_point(every_point: EveryPoint) -> None:
    passed = every_point(kind(errand(lambda: None), outside=True), till, [holds_five])
    assert passed.count("after commit") >= 2, "it records in the transaction in which it read"


def by_an_engines_transaction() -> None:
    with transaction() as own:
        own.execute(COUNT)


def by_the_driver() -> None:
    with psycopg.connect(driver(settings.current().database_url)) as own:
        own.execute("UPDATE till SET cents = cents + 5")


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("apart", [by_an_engines_transaction, by_the_driver])
@pytest.mark.parametrize("invariants", [[], [holds_five]], ids=["sums", "invariant"])
def test_an_effect_in_a_transaction_of_its_own_is_found(every_point, apart, invariants, outside) -> None:
    says = "not five cents" if invariants else r"sum of till\.cents: 10, not 5"
    name = kind(without_record(apart), outside=True) if outside else kind(lambda _context, _job: apart())
    with pytest.raises(NotCrashSafe, match=rf"^acme\.count, killed \w+ \w+ \(point \d+\): {says}"):
        every_point(name, till, invariants)


def test_a_further_job_that_is_enqueued_apart_is_found(every_point: EveryPoint) -> None:
    def enqueue(context: Context, job: ClaimedJob) -> None:
        with transaction() as own:
            submission.enqueue(own, job.organization_id, "acme.count", [("", {})])

    with pytest.raises(NotCrashSafe, match=r"further jobs of acme\.count: 2, not 1"):
        every_point(kind(enqueue), {})


def test_a_job_that_has_one_attempt_is_found_not_to_outlive_its_worker(every_point: EveryPoint) -> None:
    with pytest.raises(
        NotCrashSafe, match=r"killed after claim \(point \d+\): the job ended FAILED: the worker did not"
    ):
        every_point(kind(count, max_attempts=1), till)


def test_a_job_that_fails_by_itself_is_reported_as_such(every_point: EveryPoint) -> None:
    with pytest.raises(NotCrashSafe, match=r"nobody killed: the job ended FAILED: .*SQLSTATE 42P01"):
        every_point(kind(count, max_attempts=1), {})


def test_the_tables_of_the_queue_are_not_taken_for_effects() -> None:
    folder = FOLDER.parent / "migrations" / "foundation"
    text = "".join(
        (folder / f"{of}.sql").read_text() for of in ("jobs", "outbox", "statistics", "idempotency", "presence")
    )
    made = set(re.findall(r"^CREATE (?:UNLOGGED )?TABLE (\w+)\b(?! PARTITION OF completed)", text, re.MULTILINE))
    assert made <= QUEUE_TABLES, "how often a worker died would be taken for an effect"


def test_pytest_knows_the_plugin_by_its_name() -> None:
    points = distribution("counterfoil").entry_points.select(group="pytest11")
    assert [(point.name, point.value) for point in points] == [("counterfoil.crashkit", "counterfoil.crashkit")]


def test_a_test_run_that_does_not_use_the_kit_loads_nothing_of_it() -> None:
    program = "import sys, pytest; known = {*sys.modules}; import counterfoil.crashkit; print(*{*sys.modules} - known)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["counterfoil", "counterfoil.crashkit"]
