"""How a guard is taken out of the code or the schema, until the test ends."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import db.queries
from db import jobs as job_rows
from db.models import Job
from db.transaction import transaction
from domain.invoices import intake
from domain.jobs import execution
from tests import chain


class Removal:
    """Takes a guard out of this process or this database until the test ends."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self._patch, self._folder = patch, folder

    def sql(self, name: str, old: str, new: str = "") -> None:
        """Replace a part of a query; the part must be there, so that this table cannot outlive the code."""
        shutil.copytree(db.queries.FOLDER, self._folder, dirs_exist_ok=True)
        file = next(self._folder.rglob(f"{name}.sql"))
        assert old in file.read_text(), f"{name}.sql has no {old!r}"
        file.write_text(file.read_text().replace(old, new))
        self._patch.setattr(db.queries, "FOLDER", self._folder)
        db.queries.statement.cache_clear()

    def function(self, owner: Any, name: str, instead: Callable[..., Any]) -> None:
        self._patch.setattr(owner, name, instead)

    def schema(self, statement: str) -> None:
        chain.ask(statement)


def issue_apart_from_completion(away: Removal) -> None:
    def perform(run: execution.Run) -> None:
        with transaction() as session:
            outcomes = run.kind.handler(execution.Context().within(session), run.jobs)
        with transaction() as session:
            run.settle(session, outcomes)

    away.function(execution.Run, "perform", perform)


def settle_whatever_is_left(away: Removal) -> None:
    def settle(session: Any, verb: str, token: Any, ids: Any, **of_each: Any) -> None:
        db.queries.run(session, verb, token=token, ids=ids, **of_each)

    away.function(job_rows, "_settle", settle)


def lease_by_the_process_clock(away: Removal) -> None:
    real = job_rows.claim
    away.sql("claim", "clock_timestamp() + make_interval(secs => %(lease)s)", "to_timestamp(%(lease)s)")
    away.function(job_rows, "claim", lambda *given: real(*given[:-1], time.time() + given[-1]))


def enqueue_in_a_transaction_of_its_own(away: Removal) -> None:
    real = job_rows.enqueue

    def enqueue(_session: Any, *given: Any, **terms: Any) -> list[int]:
        with transaction() as own:
            return real(own, *given, **terms)

    away.function(job_rows, "enqueue", enqueue)


def publish_instead_of_an_entry(away: Removal) -> None:
    drop_the_entry(away)
    real = job_rows.enqueue

    def enqueue(session: Any, *given: Any, **terms: Any) -> list[int]:
        ids = real(session, *given, **terms)
        chain.app.send_task(given[0], kwargs={"version": 1, "jobs": ids}, queue=given[1])
        return ids

    away.function(job_rows, "enqueue", enqueue)


def drop_the_entry(away: Removal) -> None:
    away.sql(
        "enqueue",
        "INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at)\n"
        "    SELECT id, organization_id, %(kind)s, %(lane)s, %(priority)s, group_key,\n"
        "        available_at + make_interval(secs => %(held)s)\n    FROM job\n",
        "SELECT %(lane)s, %(priority)s, %(held)s\n",
    )


def ask_for_any(away: Removal, owner: Any, name: str, found: Callable[[], Any]) -> None:
    away.function(owner, name, lambda _organization_id: found())


def find_in_any_organization(away: Removal) -> None:
    away.function(intake, "find", lambda session, _organization_id, request_id: session.get(Job, request_id))
