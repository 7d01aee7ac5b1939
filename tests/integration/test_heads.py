"""While somebody holds a transaction open, what was deleted stays where it was: the relay does not pass over it."""

from collections.abc import Iterator, Sequence

import psycopg
import pytest

from db import outbox
from db.engine import connect_arguments, url
from db.outbox import Edge
from db.queries import statement
from db.transaction import statement as one_statement
from domain.jobs import heads
from domain.jobs.heads import Heads
from tests import chain
from tests.tenant import new_tenant

GONE = 20_000
ENTRIES = """
    WITH job AS (
        INSERT INTO open_jobs (organization_id, kind, lane, max_attempts, payload)
        SELECT %s, 'probe', 'default', 3, '{}' FROM generate_series(1, %s) AS n RETURNING id, organization_id)
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at)
    SELECT id, organization_id, 'probe', 'default', 1, '', clock_timestamp() - %s * interval '1 second' FROM job"""
LANES = ["urgent", "default", "io"]


def owe(organization_id: int, count: int = 1, seconds_ago: float = 0) -> None:
    chain.ask(ENTRIES, organization_id, count, seconds_ago)


@pytest.fixture
def held(database: str) -> Iterator[None]:
    """A snapshot of now, held open."""
    with psycopg.connect(database) as holder:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM outbox")
        yield


def pages(edges: Sequence[Edge] = ()) -> int:
    """Return how many pages a look touches."""
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement('waiting_turns')}"
    with psycopg.connect(url(), options=connect_arguments()["options"]) as connection:
        [[[plan]]] = connection.execute(explain, outbox.places(LANES, edges)).fetchall()
    return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]


def seen(look: Heads) -> list[int]:
    with one_statement() as session:
        return sorted(one.organization_id for one in look.waiting(session, LANES))


@pytest.fixture
def dear(monkeypatch) -> Heads:
    """Looks from the beginning that are dear, and come again when `_whole_at` is set back."""
    monkeypatch.setattr(heads, "DEAR", 0)
    monkeypatch.setattr(heads, "DEAR_PLACE", 0)
    monkeypatch.setattr(heads, "SHARE", 10**6)
    return Heads()


def test_a_look_passes_over_nothing_that_was_deleted_however_much_it_is(database, organization, held):
    owe(organization.id)
    look = Heads()
    assert seen(look) == [organization.id]
    before = pages()
    owe(organization.id, GONE, seconds_ago=100)
    chain.ask("DELETE FROM outbox WHERE due_at < clock_timestamp() - interval '50 seconds'")
    [head] = chain.rows("SELECT lane, priority, organization_id, kind, due_at FROM outbox")
    assert pages([Edge(*head)]) <= before + 20
    assert pages() > before + 200, "nothing was there to pass over"


def test_who_is_new_is_seen_at_once_before_between_and_after_the_known(dear, database, organization):
    others = [new_tenant(name).id for name in ("Second", "Third", "Fourth", "Fifth")]
    for known in (organization.id, others[1], others[2]):
        owe(known)
    assert seen(dear) == [organization.id, others[1], others[2]]
    chain.ask("DELETE FROM outbox WHERE organization_id IN (%s, %s)", others[1], organization.id)
    owe(others[0])
    owe(others[3])
    assert seen(dear) == [others[0], others[2], others[3]]
    owe(others[1])
    assert seen(dear) == others


def test_what_was_committed_late_is_seen_by_the_next_look_from_the_beginning(dear, database, organization):
    owe(organization.id)
    assert seen(dear) == [organization.id]
    chain.ask("DELETE FROM outbox")
    owe(organization.id, seconds_ago=0.9)
    assert seen(dear) == [organization.id], "so late are many"
    chain.ask("DELETE FROM outbox")
    owe(organization.id, seconds_ago=60)
    assert seen(dear) == []
    dear._whole_at = 0
    assert seen(dear) == [organization.id]


def test_while_looks_are_cheap_each_is_from_the_beginning(monkeypatch, database, organization):
    monkeypatch.setattr(heads, "DEAR", 1000)
    look = Heads()
    owe(organization.id)
    assert seen(look) == [organization.id]
    chain.ask("DELETE FROM outbox")
    owe(organization.id, seconds_ago=60)
    assert seen(look) == [organization.id]
    assert not look._edges
