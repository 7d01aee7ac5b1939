"""Each part of the chain with the work that awaits it, and what its caller does when no answer comes."""

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.test import TestResponse

from counterfoil.crashkit.fuse import Fuse, cut, killed_at, points
from db import jobs as job_rows
from db.jobs import NewJob
from db.transaction import is_transient, transaction
from tasks.publisher import BrokerAway
from tests import chain
from tests.stage import Stage
from tests.waiting import wait_until_answered

INVOICES_OF = "SELECT count(*) FROM invoices WHERE client ->> 'name' = %s"
# A completed request has forgotten its client, whom its invoice names.
OF_CLIENT = "%s IN (payload -> 'client' ->> 'name', (SELECT client ->> 'name' FROM invoices WHERE job_id = jobs.id))"
REQUESTS_OF = f"SELECT count(*) FROM jobs WHERE {OF_CLIENT}"
# One to be spoiled by the first fault, one by the second, one to get through.
FEW_ATTEMPTS = 3
MISSING_CLIENT = {"id": 10**9}


@dataclass(frozen=True)
class Part:
    """`prepare` brings its work about, `run` does it, `ask_again` is what a caller without an answer does."""

    name: str
    prepare: Callable[[Stage], object]
    run: Callable[[Stage], object]
    passes: set[str]
    ask_again: Callable[[Stage], object] = lambda stage: None
    invoices: int = 1

    def points(self, stage: Stage) -> list[str]:
        """Return the points of a run in which nothing fails."""
        stage.begin()
        self.prepare(stage)
        passed = points(lambda: self.run(stage))
        self.finish(stage, "nowhere")
        return passed

    def killed_at(self, at: int, stage: Stage) -> str:
        """Run the part on new work in a process that is killed at point `at`; return its name, "" if there is none."""
        stage.begin()
        self.prepare(stage)
        return killed_at(at, lambda: self.run(stage))

    def cut_at(self, at: int, stage: Stage) -> str:
        """Run the part on new work, its line cut at point `at`; return its name, "" if there is none.

        It goes on by itself, as its process would.
        """
        stage.begin()
        self.prepare(stage)
        with Fuse(at, cut).armed() as fuse:
            try:
                self.run(stage)
            except Exception as error:
                if not isinstance(error, BrokerAway) and not is_transient(error):
                    raise
        chain.disconnect()
        return fuse.passed[at] if len(fuse.passed) > at else ""

    def recover(self, stage: Stage) -> None:
        self.ask_again(stage)
        chain.recover()

    def finish(self, stage: Stage, point: str) -> None:
        """Restart everything, and see the one request through to its end."""
        self.recover(stage)
        found = chain.value(INVOICES_OF, stage.name)
        assert found == self.invoices, f"{self.name} failed {point}: {found} invoices, not {self.invoices}"


FAULTS = (Part.killed_at, Part.cut_at)


def _ask(stage: Stage) -> None:
    chain.post(stage.tenant, chain.REQUESTS, chain.body(stage.tenant.request(stage.name)), stage.name)


def _ask_until_accepted(stage: Stage) -> None:
    stage.accept(chain.submit(stage.tenant, stage.name, key=stage.name), key=stage.name)
    assert chain.value(REQUESTS_OF, stage.name) == 1, "two requests under one key"


def _generate(stage: Stage) -> TestResponse:
    return chain.post(stage.tenant, chain.GENERATE, chain.body(stage.tenant.request(stage.name)), stage.name)


def _generate_until_done(stage: Stage) -> None:
    answer = wait_until_answered(lambda: _generate(stage))
    assert answer.status_code == 200, f"the second attempt was refused: {answer.text}"


def _publish(stage: Stage) -> None:
    stage.submit()
    chain.relay()


def _publish_group(stage: Stage) -> None:
    """Have a new, a known, a missing and another new client's invoices go out in one message."""
    tenant = stage.tenant
    clients = [tenant.request(stage.name), tenant.request("Known"), tenant.request(client=MISSING_CLIENT)]
    stage.accept_group([*clients, tenant.request(stage.name)])
    chain.relay()


def _publish_spoiled(stage: Stage) -> None:
    """Have a request go out that breaks the handler."""
    _owe(stage, {})


def _publish_spoiled_group(stage: Stage) -> None:
    """Have a request go out in one message with one that breaks the handler."""
    _owe(stage, stage.tenant.request(stage.name).payload(), {})


def _owe(stage: Stage, *payloads: dict[str, object]) -> None:
    with transaction() as session:
        jobs = [NewJob(stage.tenant.id, payload) for payload in payloads]
        ids = job_rows.enqueue(session, "invoice.generate", "default", 1, FEW_ATTEMPTS, jobs)
    stage.accept(*ids)
    chain.relay()


def _abandon(stage: Stage) -> None:
    """Leave a job PROCESSING under a lease that has expired."""
    _publish(stage)
    killed_at(CLAIMED, chain.work_once)
    chain.time_passes()


def _cancelled(stage: Stage) -> None:
    request_id = stage.submit()
    with transaction() as session:
        job_rows.cancel(session, stage.tenant.id, request_id)


def _move(verb: Callable[..., bool]) -> Callable[[Stage], None]:
    def run(stage: Stage) -> None:
        with transaction() as session:
            verb(session, stage.tenant.id, stage.accepted[-1].request_id)

    return run


# take, acknowledge and claim, each before and after; then the claim's commit
CLAIMED = 5
ISSUING = {"before claim", "after lock_counters", "after issue_invoices", "after complete", "after commit"}

INTAKE = Part("intake", lambda _: None, _ask, {"after enqueue", "after commit"}, _ask_until_accepted)
RELAY = Part("relay", Stage.submit, lambda _: chain.relay(), {"after lease_entries", "before publish"})
WORKER = Part("worker", _publish, lambda _: chain.work_once(), ISSUING | {"after acknowledge"})
GROUP = Part("group", _publish_group, lambda _: chain.work_once(), ISSUING | {"after fail"}, invoices=2)
RETRY = Part("retry", _publish_spoiled, lambda _: chain.work_once(), {"before retry", "after retry"}, invoices=0)
RELEASE = Part("release", _publish_spoiled_group, lambda _: chain.work_once(), {"before release", "after release"})
SWEEPING = {"after find_expired", "after sweep", "after see_clock", "after mend_entries"}
SWEEPER = Part("sweeper", _abandon, lambda _: chain.sweeper(), SWEEPING)
CANCEL = Part("cancel", Stage.submit, _move(job_rows.cancel), {"after cancel"}, _move(job_rows.cancel), invoices=0)
REQUEUE = Part("requeue", _cancelled, _move(job_rows.requeue), {"after requeue"}, _move(job_rows.requeue))
GENERATE = Part("generate", lambda _: None, _generate, {"after issue_invoices", "before commit"}, _generate_until_done)
PARTS = (INTAKE, RELAY, WORKER, GROUP, RETRY, RELEASE, SWEEPER, CANCEL, REQUEUE, GENERATE)
