"""Statements over many rows look up each by an index, whatever is known of the tables."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from db import queue
from db.engine import connect_arguments
from db.queries import statement
from db.transaction import transaction
from domain.jobs.execution import deliver
from domain.jobs.registry import find
from tests import chain

JOBS = 3000
KINDS = {"complete": {"results": ["{}"]}, "retry": {"errors": ["x"], "delays": [1.0]}, "fail": {"errors": ["x"]}}


def plan(database: str, name: str, **parameters: Any) -> str:
    with psycopg.connect(database, options=connect_arguments()["options"]) as connection:
        return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {statement(name)}", parameters))


@pytest.fixture
def held(database, organization) -> dict[str, Any]:
    """The parameters of a worker that holds 300 of 3,000 jobs."""
    with transaction() as session:
        ids = queue.enqueue(session, organization.id, "probe", "default", 1, 3, [("", {})] * JOBS)[-300:]
    token = uuid4()
    with transaction() as session:
        queue.claim(session, "probe", ids, token, lease=60)
    return {"ids": ids, "token": token}


@pytest.mark.parametrize("known", ["nothing", "everything"])
@pytest.mark.parametrize("verb", KINDS)
def test_a_settled_group_is_looked_up_job_by_job(database, held, verb, known):
    if known == "everything":
        chain.ask("ANALYZE")
    values = {name: value * len(held["ids"]) for name, value in KINDS[verb].items()}
    found = plan(database, verb, **held, **values)
    assert "Join Filter" not in found, f"the jobs are read as often as there are ids:\n{found}"


@pytest.mark.parametrize("known", ["nothing", "everything"])
def test_entries_are_deleted_document_by_document(database, organization, known):
    requested = chain.submit_group(organization, [organization.request(f"Client {n % 9}") for n in range(300)])
    for start in (0, 200):
        deliver(find("invoice.generate"), requested[start:])
    chain.keep_books()
    if known == "everything":
        chain.ask("ANALYZE")
    ids = [row[0] for row in chain.rows("SELECT document_id FROM journal_entries")]
    assert len(ids) == 300
    found = plan(database, "delete_entries", types=["invoice"] * 300, ids=ids)
    assert "Join Filter" not in found, f"the journal is read as often as there are documents:\n{found}"
