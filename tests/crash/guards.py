"""What protects the promises, how each guard is taken away, and the scenario that then goes red."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import api.idempotency
import db.queries
from db import outbox, queue
from db.models import Job
from db.transaction import transaction
from domain.invoices import generation, intake
from domain.jobs import execution
from tests import chain
from tests.scenarios import invoices, jobs, relay
from tests.stage import Stage


class Removal:
    """Takes a guard out of this process or this database until the test ends."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self._patch, self._folder = patch, folder

    def sql(self, name: str, old: str, new: str = "") -> None:
        """Replace a part of a query; the part must be there, so that this table cannot outlive the code."""
        shutil.copytree(db.queries.FOLDER, self._folder, dirs_exist_ok=True)
        file = self._folder / f"{name}.sql"
        assert old in file.read_text(), f"{name}.sql has no {old!r}"
        file.write_text(file.read_text().replace(old, new))
        self._patch.setattr(db.queries, "FOLDER", self._folder)
        db.queries.statement.cache_clear()

    def function(self, owner: Any, name: str, instead: Callable[..., Any]) -> None:
        self._patch.setattr(owner, name, instead)

    def schema(self, statement: str) -> None:
        chain.ask(statement)


class Guard(NamedTuple):
    """Without it, `scenario` must raise and say `says`."""

    name: str
    take_away: Callable[[Removal], object]
    scenario: Callable[[Stage], None]
    says: str


def _issue_apart_from_completion(away: Removal) -> None:
    def run(kind: Any, claimed: Any, token: Any) -> None:
        if claimed:
            with transaction() as session:
                outcomes = kind.handler(execution.Context(session), claimed)
            with transaction() as session:
                execution._settle(session, token, claimed, outcomes)

    away.function(execution, "_run", run)


def _settle_whatever_is_left(away: Removal) -> None:
    def settle(session: Any, verb: str, token: Any, parameters: dict[str, Any]) -> None:
        db.queries.run(session, verb, token=token, **parameters)

    away.function(queue, "_settle", settle)


def _lease_by_the_process_clock(away: Removal) -> None:
    real = queue.claim
    away.sql("claim", "clock_timestamp() + make_interval(secs => %(lease)s)", "to_timestamp(%(lease)s)")
    away.function(queue, "claim", lambda *given: real(*given[:-1], time.time() + given[-1]))


def _enqueue_in_a_transaction_of_its_own(away: Removal) -> None:
    real = queue.enqueue

    def enqueue(_session: Any, *given: Any) -> list[int]:
        with transaction() as own:
            return real(own, *given)

    away.function(queue, "enqueue", enqueue)


def _publish_instead_of_an_entry(away: Removal) -> None:
    _drop_the_entry(away)
    real = queue.enqueue

    def enqueue(session: Any, *given: Any) -> list[int]:
        ids = real(session, *given)
        chain.app.send_task(given[1], kwargs={"version": 1, "jobs": ids}, queue=given[2])
        return ids

    away.function(queue, "enqueue", enqueue)


def _drop_the_entry(away: Removal) -> None:
    away.sql(
        "enqueue",
        "INSERT INTO outbox (job_id, kind, lane, priority, group_key, due_at)\n"
        "    SELECT id, %(kind)s, %(lane)s, %(priority)s, group_key, available_at FROM job\n",
        "SELECT %(lane)s, %(priority)s\n",
    )


def _find_in_any_organization(away: Removal) -> None:
    away.function(intake, "find", lambda session, _organization_id, request_id: session.get(Job, request_id))


GUARDS = (
    Guard(
        "the unique link of an invoice to its request",
        lambda away: away.schema("ALTER TABLE invoices DROP CONSTRAINT invoices_job_id_key"),
        invoices.the_database_refuses_a_second_invoice_for_a_request,
        "two invoices",
    ),
    Guard(
        "the adoption of an invoice that is there",
        lambda away: away.function(generation, "adopt", lambda *_: {}),
        invoices.an_invoice_beside_a_processing_row_is_adopted_and_not_issued_again,
        "was not adopted",
    ),
    Guard(
        "the lease token in the completion",
        lambda away: away.sql("complete", " AND lease_token = %(token)s"),
        jobs.a_zombie_commits_nothing_while_its_successor_works,
        "the zombie moved a job",
    ),
    Guard(
        "the count of rows that a completion touched",
        _settle_whatever_is_left,
        jobs.a_zombie_commits_nothing_while_its_successor_works,
        "the zombie left an invoice",
    ),
    Guard(
        "the lease token in the retry",
        lambda away: away.sql("retry", " AND status = 'PROCESSING' AND lease_token = %(token)s"),
        jobs.a_zombie_commits_nothing_after_its_successor_completed,
        "jobs_completed_at_check",
    ),
    Guard(
        "the republish of stale entries",
        lambda away: away.sql("lease_entries", "AND due_at <= clock_timestamp()", "AND published_at IS NULL"),
        relay.a_message_that_is_lost_is_sent_again,
        "still unfinished",
    ),
    Guard(
        "the entry that outlives its publish",
        lambda away: away.sql(
            "lease_entries",
            "UPDATE outbox\nSET published_at = clock_timestamp(), "
            "due_at = clock_timestamp() + make_interval(secs => %(redelivery)s)\nFROM due",
            "DELETE FROM outbox USING (SELECT *, %(redelivery)s FROM due) AS due",
        ),
        relay.an_entry_lives_until_its_job_is_claimed,
        "I10 violated",
    ),
    Guard(
        "the entry of a released job travelling alone",
        lambda away: away.sql("release", "%(alone)s FROM job", "false AND %(alone)s FROM job"),
        jobs.an_unexpected_error_fails_only_its_culprit,
        "never end",
    ),
    Guard(
        "the completion in the invoice's own transaction",
        _issue_apart_from_completion,
        invoices.no_crash_falls_between_the_invoice_and_the_completed_row,
        "an invoice may stand beside",
    ),
    Guard(
        "the attempt counted at the claim",
        lambda away: away.sql("claim", "attempts = attempts + 1", "attempts = attempts"),
        jobs.a_job_that_kills_its_worker_ends_failed,
        "must end",
    ),
    Guard(
        "the status looked at by the claim",
        lambda away: away.sql("claim", "AND status = 'PENDING' "),
        jobs.doubled_and_reordered_messages_do_the_work_once,
        "jobs_completed_at_check",
    ),
    Guard(
        "the sweep",
        lambda away: away.sql("sweep", "lease_expires_at <= clock_timestamp()", "false"),
        jobs.a_job_that_kills_its_worker_ends_failed,
        "must end",
    ),
    Guard(
        "the end of a swept job's attempts",
        lambda away: away.sql("sweep", "attempts < max_attempts", "true"),
        jobs.a_job_that_kills_its_worker_ends_failed,
        "the child broke",
    ),
    Guard(
        "the conflict clause of the sweep's entries",
        lambda away: away.sql(
            "sweep", "ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, published_at = NULL, alone = true"
        ),
        jobs.an_entry_left_beside_a_running_job_stops_no_sweep,
        "outbox_pkey",
    ),
    Guard(
        "the removal of orphan entries",
        lambda away: away.function(outbox, "mend", lambda _session: 0),
        jobs.an_entry_left_beside_a_finished_job_is_removed,
        "I10",
    ),
    Guard(
        "the parting of a group that waits too long",
        lambda away: away.function(execution, "TIMEOUTS", ()),
        jobs.a_group_that_waits_for_one_counter_too_long_goes_on_one_by_one,
        "would form again",
    ),
    Guard(
        "the mending of entries",
        lambda away: away.function(outbox, "mend", lambda _session: 0),
        jobs.a_waiting_job_without_an_entry_gets_one_back,
        "still unfinished",
    ),
    Guard(
        "the lock of the counter",
        lambda away: away.sql("lock_counters", "FOR NO KEY UPDATE"),
        invoices.two_who_issue_at_once_get_consecutive_numbers,
        "did not get the next number",
    ),
    Guard(
        "a lock of the counter alone, not of the supplier",
        lambda away: away.sql(
            "lock_counters",
            "FROM counter",
            "FROM counter JOIN (SELECT id FROM suppliers FOR UPDATE) AS s ON s.id = supplier_id",
        ),
        invoices.a_held_counter_blocks_no_insert_that_refers_to_its_supplier,
        "lock timeout",
    ),
    Guard(
        "the database's clock",
        _lease_by_the_process_clock,
        jobs.a_lease_runs_by_the_clock_of_the_database,
        "made a lease of",
    ),
    Guard(
        "the trigger that freezes issued invoices",
        lambda away: away.schema("ALTER TABLE invoices DISABLE TRIGGER USER"),
        invoices.an_issued_invoice_never_changes,
        "done: UPDATE invoices",
    ),
    Guard(
        "the idempotency fingerprint",
        lambda away: away.function(api.idempotency, "_fingerprint", lambda: b""),
        relay.a_key_used_for_another_request_is_refused,
        "one key stood for two",
    ),
    Guard(
        "the kept answer to a key",
        lambda away: away.function(api.idempotency, "_replay", lambda *_: None),
        relay.a_key_used_for_another_request_is_refused,
        "one key stood for two",
    ),
    Guard(
        "the organization filter of a read",
        _find_in_any_organization,
        relay.another_organization_finds_no_request,
        "another organization's request is shown",
    ),
    Guard(
        "the organization filter of a cancel",
        lambda away: away.sql("cancel", "AND organization_id = %(organization_id)s", "AND %(organization_id)s > 0"),
        jobs.another_organization_moves_no_job,
        "cancel reached over",
    ),
    Guard(
        "the organization filter of a requeue",
        lambda away: away.sql("requeue", "AND organization_id = %(organization_id)s", "AND %(organization_id)s > 0"),
        jobs.another_organization_moves_no_job,
        "requeue reached over",
    ),
    Guard(
        "the job in the transaction of its answer",
        _enqueue_in_a_transaction_of_its_own,
        relay.a_request_is_accepted_whole_or_not_at_all,
        "two requests under one key",
    ),
    Guard(
        "the entry in the transaction of its job",
        _drop_the_entry,
        relay.a_request_is_accepted_whole_or_not_at_all,
        "I10 violated",
    ),
    Guard(
        "no publish before the commit",
        _publish_instead_of_an_entry,
        relay.a_request_is_accepted_whole_or_not_at_all,
        "I10 violated",
    ),
    Guard(
        "entries leased with SKIP LOCKED",
        lambda away: away.sql("lease_entries", "FOR UPDATE SKIP LOCKED", "FOR UPDATE"),
        relay.two_relays_at_once_share_the_entries,
        "lock timeout",
    ),
    Guard(
        "entries locked while they are leased",
        lambda away: away.sql("lease_entries", "FOR UPDATE SKIP LOCKED"),
        relay.two_relays_at_once_share_the_entries,
        "lock timeout",
    ),
    Guard(
        "entries given back when the broker leaves",
        lambda away: away.function(outbox, "give_back", lambda *_: None),
        relay.a_broker_that_leaves_gives_the_entries_back,
        "must be due at once",
    ),
    Guard(
        "the bound on what is out",
        lambda away: away.sql("lease_entries", "%(max_out)s - (", "%(max_out)s + ("),
        relay.no_more_are_out_than_allowed,
        "the bound on what is out",
    ),
    Guard(
        "database trouble told from a job's own",
        lambda away: away.function(execution, "is_transient", lambda _error: False),
        jobs.a_lock_that_is_held_too_long_uses_up_no_attempt,
        "none of the job's doing",
    ),
    Guard(
        "the attempt handed back by a release",
        lambda away: away.sql("release", "attempts = attempts - 1", "attempts = attempts"),
        jobs.a_lock_that_is_held_too_long_uses_up_no_attempt,
        "none of the job's doing",
    ),
)
