"""Statements look up each row by an index, whatever is known of the tables, and go on so as these grow."""

import itertools
import re
from itertools import pairwise
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import jobs as job_rows
from db import statistics
from db.engine import connect_arguments
from db.jobs import NewJob
from db.queries import statement
from db.transaction import report, transaction
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.tenant import new_tenant

JOBS = 3000
KINDS = {
    "complete": {"results": "{}", "personal": []},
    "retry": {"errors": "{}", "delays": "{}"},
    "fail": {"errors": "{}"},
}


def plan(database: str, name: str, **parameters: Any) -> str:
    with psycopg.connect(database, options=connect_arguments()["options"]) as connection:
        return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {statement(name)}", parameters))


@pytest.fixture
def held(database, organization) -> dict[str, Any]:
    """The parameters of a worker that holds 300 of 3,000 jobs."""
    with transaction() as session:
        ids = job_rows.enqueue(session, "probe", "default", 1, 3, [NewJob(organization.id, {})] * JOBS)[-300:]
    token = uuid4()
    with transaction() as session:
        job_rows.claim(session, "probe", ids, token, lease=60)
    return {"ids": ids, "token": token}


@pytest.mark.parametrize("known", ["nothing", "everything"])
@pytest.mark.parametrize("verb", KINDS)
def test_a_settled_group_is_looked_up_job_by_job(database, held, verb, known):
    if known == "everything":
        chain.ask("ANALYZE")
    found = plan(database, verb, **held, **KINDS[verb])
    assert "Index Cond: (id = ANY" in found, found


@pytest.mark.parametrize("known", ["nothing", "everything"])
def test_entries_are_deleted_document_by_document(database, organization, known):
    requested = chain.submit_group(organization, [organization.request(f"Client {n % 9}") for n in range(300)])
    for start in (0, 200):
        run_jobs(find("invoice.generate"), requested[start:])
    chain.keep_books()
    if known == "everything":
        chain.ask("ANALYZE")
    ids = [row[0] for row in chain.rows("SELECT source_id FROM journal_entries")]
    assert len(ids) == 300
    found = plan(database, "delete_entries", types=["invoice"] * 300, ids=ids)
    assert "Join Filter" not in found, f"the journal is read as often as there are documents:\n{found}"


def test_no_plan_is_kept_for_long_and_a_connection_that_died_is_replaced(database, statements, monkeypatch):
    monkeypatch.setattr("db.engine.PLANS_KEPT_S", 0.0)
    for discarded in range(1, 4):
        with transaction() as session:
            assert statistics.recent_runs(session) == {}
        assert statements.count("DISCARD PLANS") == discarded
    chain.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'counterfoil'")
    with transaction() as session:
        assert statistics.recent_runs(session) == {}


def test_a_report_is_planned_as_postgresql_does_and_the_queue_after_it_as_before(database):
    switches = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_bitmapscan")

    def shown(session: Session) -> set[str]:
        return {session.scalar(text(f"SHOW {switch}")) for switch in switches}

    for _ in range(3):
        with report() as session:
            line = session.scalar(text("SELECT pg_backend_pid()"))
            assert shown(session) == {"on"}
        with transaction() as session:
            assert session.scalar(text("SELECT pg_backend_pid()")) == line, "another connection proves nothing"
            assert shown(session) == {"off"}


def test_a_report_reads_one_snapshot_and_writes_nothing(database, organization):
    with report() as session:
        before = session.scalar(text("SELECT count(*) FROM organizations"))
        new_tenant("Another")
        assert session.scalar(text("SELECT count(*) FROM organizations")) == before
    with pytest.raises(DBAPIError, match="read-only transaction"), report() as session:
        session.execute(text("UPDATE organizations SET name = 'x'"))


VERBS = [
    *("lease_entries", "claim", "checkpoint", "complete", "retry", "fail", "release", "cancel"),
    *("find_expired", "sweep"),
]


@pytest.mark.parametrize("verb", VERBS)
def test_a_plan_kept_from_when_the_tables_were_empty_looks_each_row_up(database, verb):
    chain.ask("VACUUM ANALYZE")
    places = itertools.count(1)
    text = re.sub(r"%\(\w+\)[sb]", lambda _: f"${next(places)}", statement(verb))
    with psycopg.connect(database, options=connect_arguments()["options"]) as connection:
        lines = [line for (line,) in psycopg.ClientCursor(connection).execute(f"EXPLAIN (GENERIC_PLAN) {text}")]
    found = "\n".join(lines)
    for line, following in pairwise(lines):
        if re.search(r"Scan using \w+ on (open_jobs|outbox)\b", line):
            assert "Index Cond" in following, found
    assert not re.search("Seq Scan on (?!relay_state)|Join Filter|Sort Key: .*due_at", found), found
