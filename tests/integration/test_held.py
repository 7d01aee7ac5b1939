"""While somebody holds a transaction open, what was deleted stays where it was: nobody passes over it, or not often."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from db import outbox, queue
from db.engine import connect_arguments, url
from db.outbox import Edge
from db.queries import statement
from db.transaction import statement as one_statement
from domain.jobs import heads, spacing
from domain.jobs.heads import Heads
from domain.jobs.upkeep import Upkeep
from tests import chain
from tests.tenant import Tenant, new_tenant

GONE = 20_000
FEW, MANY = 20, 200  # pages
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


def pages(name: str, **parameters: Any) -> int:
    """Return how many pages a statement touches."""
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement(name)}"
    with psycopg.connect(url(), options=connect_arguments()["options"]) as connection:
        [[[plan]]] = connection.execute(explain, parameters).fetchall()
    return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]


def seen(look: Heads) -> list[int]:
    with one_statement() as session:
        return sorted(one.organization_id for one in look.waiting(session, LANES))


@pytest.fixture
def dear(monkeypatch) -> Heads:
    """Looks from the beginning that are dear, and come again when they are due."""
    monkeypatch.setattr(heads, "OF_A_PLACE", 0)
    monkeypatch.setattr(spacing, "CHEAP", 0)
    monkeypatch.setattr(spacing, "SHARE", 10**6)
    return Heads()


def test_a_look_passes_over_nothing_that_was_deleted_however_much_it_is(database, organization, held):
    owe(organization.id)
    look = Heads()
    assert seen(look) == [organization.id]
    before = pages("waiting_turns", **outbox.places(LANES))
    owe(organization.id, GONE, seconds_ago=100)
    chain.ask("UPDATE outbox SET published_at = due_at WHERE due_at < clock_timestamp() - interval '50 seconds'")
    chain.ask("DELETE FROM outbox WHERE published_at IS NOT NULL")
    [head] = chain.rows("SELECT lane, priority, organization_id, kind, due_at FROM outbox")
    assert pages("waiting_turns", **outbox.places(LANES, [Edge(*head)])) <= before + FEW
    assert pages("waiting_turns", **outbox.places(LANES)) > before + MANY, "nothing was there to pass over"
    turn = {"lanes": [head[0]], "priorities": [head[1]], "organization_ids": [head[2]], "kinds": [head[3]]}
    assert pages("lease_entries", **turn, since=[head[4]], mosts=[10], redelivery=8) <= FEW


def test_why_a_job_waits_is_told_without_what_was_deleted(database, organization, held):
    owe(organization.id)
    job_id = chain.value("SELECT id FROM open_jobs")
    [head] = [Edge(*place) for place in chain.rows("SELECT lane, priority, organization_id, kind, due_at FROM outbox")]
    before = pages("explain_job", id=job_id, **outbox.columns([head]))
    owe(organization.id, GONE, seconds_ago=100)
    chain.ask("DELETE FROM outbox WHERE job_id <> %s", job_id)
    assert pages("explain_job", id=job_id, **outbox.columns([head])) <= before + FEW
    long_ago = head._replace(since=outbox.BEGINNING)
    assert pages("explain_job", id=job_id, **outbox.columns([long_ago])) > before + MANY, "nothing was there"


def test_a_counter_is_locked_and_moved_without_its_older_versions(database, organization, held):
    wanted = {"supplier_ids": [organization.supplier_id], "code": "invoice"}
    before = pages("lock_counters", **wanted)
    for _ in range(10 * MANY):
        chain.ask("UPDATE number_series SET last_number = last_number + 1")
    chain.ask("ANALYZE number_series")
    assert pages("lock_counters", **wanted) <= before + FEW
    with psycopg.connect(url(), options=connect_arguments()["options"]) as connection:
        plan = connection.execute(f"EXPLAIN {statement('issue_invoices')}", {"invoices": "[]"}).fetchall()
    ways = [line.strip(" ->") for (line,) in plan if re.search("Scan.* number_series", line)]
    assert [way.split(" on ")[0] for way in ways] == [
        "Index Scan Backward using number_series_newest_idx",
        "Tid Scan",
    ]


def test_a_sweep_of_what_has_expired_lately_passes_over_nothing_older(database, organization, held):
    owe(organization.id, GONE)
    claimed = "lease_token = gen_random_uuid(), lease_expires_at = clock_timestamp() - interval '1 minute'"
    chain.ask(f"UPDATE open_jobs SET status = 'PROCESSING', started_at = clock_timestamp(), {claimed}")
    chain.ask("DELETE FROM open_jobs")
    assert pages("sweep", limit=100, since=10) <= FEW
    assert pages("sweep", limit=100, since=queue.EVER) > MANY, "nothing was there to pass over"


class Sweeps:
    """A process's sweeps, and leases that ran out."""

    def __init__(self, organization: Tenant) -> None:
        self._organization = organization
        self.upkeep = Upkeep()

    def expire(self, seconds_ago: int) -> int:
        """Have a lease run out so long ago; return the job's id."""
        owe(self._organization.id)
        job_id = chain.value("SELECT max(id) FROM open_jobs")
        with one_statement() as session:
            queue.claim(session, "probe", [job_id], uuid4(), lease=-seconds_ago)
        return job_id

    def swept(self) -> list[int]:
        """Sweep; return which jobs were, this time or before."""
        with one_statement() as session:
            self.upkeep.sweep(session)
        return [job_id for (job_id,) in chain.rows("SELECT id FROM jobs WHERE status = 'PENDING' ORDER BY id")]


@pytest.fixture
def sweeps(dear, database, organization) -> Sweeps:
    return Sweeps(organization)


def test_while_a_sweep_is_dear_only_what_has_expired_lately_is_swept(sweeps):
    first = sweeps.expire(3600)
    assert sweeps.swept() == [first]
    recent, older = sweeps.expire(1), sweeps.expire(3600)
    assert sweeps.swept() == [first, recent]
    sweeps.upkeep._sweeps.took(0)
    assert sweeps.swept() == [first, recent, older]


def test_what_is_too_much_for_one_sweep_is_left_to_the_next(monkeypatch, sweeps):
    monkeypatch.setattr("domain.jobs.upkeep.MOST", 2)
    oldest, older, old = (sweeps.expire(seconds_ago) for seconds_ago in (9000, 6000, 3000))
    assert sweeps.swept() == [oldest, older]
    assert sweeps.swept() == [oldest, older, old]


def test_what_expired_while_no_sweep_came_to_its_end_is_swept_by_the_next(sweeps):
    job_id = sweeps.expire(3600)
    with psycopg.connect(url()) as holder:
        holder.execute("LOCK TABLE open_jobs")
        with pytest.raises(DBAPIError):
            sweeps.swept()
    assert not sweeps.upkeep._sweeps.due
    assert sweeps.swept() == [job_id]


def test_while_mending_is_dear_it_is_done_less_often(dear, database, organization):
    def mended() -> int:
        chain.ask("DELETE FROM outbox")
        with one_statement() as session:
            upkeep.mend(session)
        return chain.value("SELECT count(*) FROM outbox")

    upkeep = Upkeep()
    owe(organization.id)
    assert [mended(), mended()] == [1, 0]
    upkeep._mends.took(0)
    assert mended() == 1


def test_a_look_from_the_beginning_that_fails_forgets_nothing_and_is_not_repeated_at_once(dear, database, organization):
    owe(organization.id)
    assert seen(dear) == [organization.id]
    known = dict(dear._edges)
    dear._whole.took(0)
    with psycopg.connect(url()) as holder:
        holder.execute("LOCK TABLE outbox")
        with pytest.raises(DBAPIError):
            seen(dear)
    assert dear._edges == known
    assert not dear._whole.due


def test_a_place_where_nothing_is_due_stays_known(dear, database, organization):
    owe(organization.id)
    assert seen(dear) == [organization.id]
    chain.ask("UPDATE outbox SET due_at = clock_timestamp() + interval '1 hour'")
    dear._whole.took(0)
    assert seen(dear) == []
    assert len(dear._edges) == 1


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
    dear._whole.took(0)
    assert seen(dear) == [organization.id]


def test_while_looks_are_cheap_each_is_from_the_beginning(database, organization):
    look = Heads()
    owe(organization.id)
    assert seen(look) == [organization.id]
    chain.ask("DELETE FROM outbox")
    owe(organization.id, seconds_ago=60)
    assert seen(look) == [organization.id]
    assert not look._edges
