"""What a statement of the hot path reads does not grow: neither with what waits nor with what is done."""

import json
from typing import Any
from uuid import uuid4

import psycopg

from db import outbox
from db.engine import connect_arguments
from db.outbox import Cursor, Stream
from db.queries import statement
from domain.jobs.lanes import LANES
from tests import chain

FEW, MANY, HISTORY = 20_000, 1_000_000, 300_000
OTHERS, GROUP = 100, 100
# An index of a million entries is a level or two higher, and the same rows may lie on more pages.
SOME = 400
ORGANIZATIONS = "INSERT INTO organizations (name) SELECT 'Trickle ' || n FROM generate_series(1, %s) AS n"
# One organization floods; each other one has a job.
WAITING = """
    WITH job AS (
        INSERT INTO open_jobs (organization_id, kind, lane, max_attempts, payload)
        SELECT CASE WHEN n <= %s THEN n + %s ELSE %s END, 'probe', 'default', 3, '{}' FROM generate_series(1, %s) AS n
        RETURNING id, organization_id
    )
    INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key)
    SELECT id, organization_id, 'probe', 'default', 1, '' FROM job"""
DONE = """
    INSERT INTO jobs (organization_id, kind, lane, max_attempts, payload, status, attempts, started_at, completed_at)
    SELECT %s, 'probe', 'default', 3, '{}', 'COMPLETED', 1, now(), now() - n * interval '1 second'
    FROM generate_series(1, %s) AS n"""


class Pages:
    """How many pages each statement touches, one after the other as a group of jobs meets them; nothing is kept."""

    def __init__(self, database: str, organization_id: int) -> None:
        self.touched: dict[str, int] = {}
        token = uuid4()
        with psycopg.connect(database, options=connect_arguments()["options"]) as self._connection:
            jobs = {"kind": "probe", "lane": "default", "priority": 1, "max_attempts": 3, "version": 1, "total": 1}
            texts = {
                "organization_ids": [organization_id] * GROUP,
                "payloads": ["{}"] * GROUP,
                "group_keys": [""] * GROUP,
                "created_by": [None] * GROUP,
                "traceparents": [None] * GROUP,
            }
            self._run("enqueue", held=0, delay=0, run_at=None, unique_key=None, **jobs, **texts)
            self._run("waiting_streams", **outbox.cursor_parameters(LANES))
            stream = Stream("default", 1, organization_id, "probe")
            cursor = outbox.columns([Cursor(stream, outbox.BEGINNING)])
            self._run("lease_entries", **cursor, mosts=[GROUP], redelivery=30)
            leased = "SELECT array_agg(job_id) FROM outbox WHERE published_at IS NOT NULL"
            [ids] = self._connection.execute(leased).fetchone() or ()
            assert len(ids) == GROUP
            of_one = json.dumps({ids[1]: "1"})
            self._run("claim", kind="probe", ids=ids, token=token, lease=60, worker="")
            self._run("checkpoint", id=ids[0], token=token, progress=0, total=1, lease=60)
            self._run("release", ids=ids[:1], token=token, delay=0, group_limit=1, lost=False)
            self._run("retry", ids=ids[1:2], token=token, errors=of_one, delays=of_one)
            self._run("complete", ids=ids[2:], token=token, results="{}", personal=[])
            self._run("job_states", ids=ids)
            self._run("explain_job", id=ids[0], max_own=1, **cursor)
            self._run("find_expired", limit=GROUP, whole=True)
            self._run("sweep", ids=ids, holders=[], error="late")
            self._run("mend_entries", limit=GROUP)
            self._run("queue_depths", most=GROUP)
            self._run("count_waiting_of_one", organization_id=organization_id, most=GROUP)
            self._run("drain_rates")
            self._connection.rollback()

    def _run(self, name: str, **parameters: Any) -> None:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement(name)}"
        [[[plan]]] = self._connection.execute(explain, parameters).fetchall()
        self.touched[name] = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]


def test_with_a_million_waiting_a_group_touches_no_more_pages(database, organization, record_property):
    chain.ask(ORGANIZATIONS, OTHERS)
    first = chain.value("SELECT max(id) FROM organizations") - OTHERS
    chain.ask(WAITING, OTHERS, first, organization.id, FEW)
    chain.ask(DONE, organization.id, FEW)
    chain.ask("VACUUM ANALYZE")
    few = Pages(database, organization.id).touched
    chain.ask(WAITING, 0, 0, organization.id, MANY)
    chain.ask(DONE, organization.id, HISTORY)
    chain.ask("VACUUM ANALYZE")
    many = Pages(database, organization.id).touched
    for name, pages in many.items():
        record_property(name, f"{few[name]} -> {pages}")
    grown = {name: f"{few[name]} pages, then {pages}" for name, pages in many.items() if pages > 2 * few[name] + SOME}
    assert not grown
