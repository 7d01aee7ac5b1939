"""What protects the promises, how each guard is taken away, and the scenario that then goes red."""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import select

import api.http.idempotency
from db import outbox
from db.models import Client, Invoice, Supplier, Template
from domain.invoices import catalogue, generation
from domain.jobs import execution
from domain.parties import clients, suppliers
from domain.templates import library
from tests.crash.removals import (
    Removal,
    ask_for_any,
    drop_the_entry,
    enqueue_in_a_transaction_of_its_own,
    find_in_any_organization,
    issue_apart_from_completion,
    lease_by_the_process_clock,
    publish_instead_of_an_entry,
    settle_whatever_is_left,
)
from tests.scenarios import invoices, jobs, relay
from tests.stage import Stage

HELD = " AND lease_token = %(token)s"


class Guard(NamedTuple):
    """Without it, `scenario` must raise and say `says`."""

    name: str
    take_away: Callable[[Removal], object]
    scenario: Callable[[Stage], None]
    says: str


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
        lambda away: away.sql("complete", HELD),
        jobs.a_zombie_commits_nothing_while_its_successor_works,
        "the zombie moved a job",
    ),
    Guard(
        "the count of rows that a completion touched",
        settle_whatever_is_left,
        jobs.a_zombie_commits_nothing_while_its_successor_works,
        "the zombie left an invoice",
    ),
    Guard(
        "the lease token in the retry",
        lambda away: away.sql("retry", HELD),
        jobs.a_zombie_neither_fails_nor_releases,
        "a zombie retried",
    ),
    Guard(
        "the lease token in the failure",
        lambda away: away.sql("fail", HELD),
        jobs.a_zombie_neither_fails_nor_releases,
        "a zombie failed",
    ),
    Guard(
        "the lease token in the release",
        lambda away: away.sql("release", HELD),
        jobs.a_zombie_neither_fails_nor_releases,
        "a zombie released",
    ),
    Guard(
        "jobs claimed with SKIP LOCKED",
        lambda away: away.sql("claim", "FOR UPDATE SKIP LOCKED", "FOR UPDATE"),
        jobs.a_claim_waits_for_nobody,
        "lock timeout",
    ),
    Guard(
        "the republish of stale entries",
        lambda away: away.sql("lease_entries", "AND due_at <= statement_timestamp()", "AND published_at IS NULL"),
        relay.a_message_that_is_lost_is_sent_again,
        "still unfinished",
    ),
    Guard(
        "the entry that outlives its publish",
        lambda away: away.sql(
            "lease_entries",
            "UPDATE outbox\nSET published_at = clock_timestamp(), "
            "due_at = clock_timestamp() + make_interval(secs => %(redelivery)s)\n",
            "DELETE FROM outbox\n",
        ),
        relay.an_entry_lives_until_its_job_is_claimed,
        "I10 violated",
    ),
    Guard(
        "the smaller groups of what was released",
        lambda away: away.sql("release", "CAST(%(group_limit)s AS integer)", "NULL"),
        jobs.an_unexpected_error_fails_only_its_culprit,
        "never end",
    ),
    Guard(
        "the completion in the invoice's own transaction",
        issue_apart_from_completion,
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
        "claimed once more",
    ),
    Guard(
        "the sweep",
        lambda away: away.sql("sweep", "lease_expires_at <= statement_timestamp()", "false"),
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
            "sweep",
            "ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, published_at = NULL, group_limit = 1",
        ),
        jobs.an_entry_left_beside_a_running_job_stops_no_sweep,
        "outbox_pkey",
    ),
    Guard(
        "the smaller groups of what was swept",
        lambda away: away.sql("sweep", "floor(sqrt(count(*) OVER (PARTITION BY worker, kind)))", "1000"),
        jobs.what_a_dead_worker_had_goes_on_in_smaller_groups_and_then_job_by_job,
        "all go down",
    ),
    Guard(
        "the parting of what was swept twice",
        lambda away: away.sql("sweep", "attempts = 1\n", "attempts < 3\n"),
        jobs.what_a_dead_worker_had_goes_on_in_smaller_groups_and_then_job_by_job,
        "go down together",
    ),
    Guard(
        "the removal of orphan entries",
        lambda away: away.function(outbox, "mend", lambda _session: 0),
        jobs.an_entry_left_beside_a_finished_job_is_removed,
        "I10",
    ),
    Guard(
        "the parting of a group that waits too long",
        lambda away: away.function(execution, "_smaller", lambda jobs: jobs),
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
            "JOIN suppliers ON",
            "JOIN (SELECT id, time_zone FROM suppliers FOR UPDATE) AS suppliers ON",
        ),
        invoices.a_held_counter_blocks_no_insert_that_refers_to_its_supplier,
        "lock timeout",
    ),
    Guard(
        "the database's clock",
        lease_by_the_process_clock,
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
        "the trigger that keeps later lines out",
        lambda away: away.schema("ALTER TABLE invoice_items DISABLE TRIGGER complete"),
        invoices.an_issued_invoice_never_changes,
        "done: INSERT INTO invoice_items",
    ),
    Guard(
        "the idempotency fingerprint",
        lambda away: away.function(api.http.idempotency, "_fingerprint", lambda: b""),
        relay.a_key_used_for_another_request_is_refused,
        "one key stood for two",
    ),
    Guard(
        "the kept answer to a key",
        lambda away: away.function(api.http.idempotency, "_replay", lambda *_: None),
        relay.a_key_used_for_another_request_is_refused,
        "one key stood for two",
    ),
    Guard(
        "the organization filter of a read",
        find_in_any_organization,
        relay.another_organization_finds_no_request,
        "another organization's request is shown",
    ),
    Guard(
        "the organization filter of invoices",
        lambda away: ask_for_any(away, catalogue, "_of", lambda: select(Invoice)),
        relay.another_organization_sees_no_row,
        "shown to another organization: /api/v1/invoices",
    ),
    Guard(
        "the organization filter of suppliers",
        lambda away: ask_for_any(away, suppliers, "_of", lambda: select(Supplier)),
        relay.another_organization_sees_no_row,
        "shown to another organization: /api/v1/parties/suppliers",
    ),
    Guard(
        "the organization filter of clients",
        lambda away: ask_for_any(away, clients, "_of", lambda: select(Client)),
        relay.another_organization_sees_no_row,
        "shown to another organization: /api/v1/parties/clients",
    ),
    Guard(
        "the organization filter of templates",
        lambda away: away.function(library, "get", lambda session, _, at: session.get_one(Template, at)),
        relay.another_organization_sees_no_row,
        "shown to another organization: /api/v1/templates",
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
        enqueue_in_a_transaction_of_its_own,
        relay.a_request_is_accepted_whole_or_not_at_all,
        "two requests under one key",
    ),
    Guard(
        "the entry in the transaction of its job",
        drop_the_entry,
        relay.a_request_is_accepted_whole_or_not_at_all,
        "I10 violated",
    ),
    Guard(
        "no publish before the commit",
        publish_instead_of_an_entry,
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
        "the bound on what is in flight",
        lambda away: away.sql("waiting_streams", "AND due_at > statement_timestamp()", "AND false"),
        relay.no_more_are_in_flight_than_allowed,
        "the bound on what is in flight",
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
