"""From claimed to settled: the same path for one job, for five hundred, and for one that takes hours."""

import logging
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from math import isqrt
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

import gateways
import settings
from db import acting, traces
from db import jobs as job_rows
from db import statistics as figures
from db.jobs import ClaimedJob, Failure, Kept, LeaseLost
from db.transaction import is_lost, is_open, is_outage, is_transient, sqlstate, statement, transaction
from domain.errors import Away, NotYet
from domain.events.telling import News, tell
from domain.events.types import JOB_COMPLETED
from domain.jobs import backoff, payloads, sealing, tracing, verdict
from domain.jobs.lifecycle import Status
from domain.jobs.monitoring import statistics
from domain.jobs.payloads import FromTheFuture
from domain.jobs.presence import worker_name
from domain.jobs.registry import Kind
from domain.jobs.work import Context, Errand, Later, Onward, Outcome, PermanentError, Retry, Steps

log = logging.getLogger(__name__)
# Neither db nor gateways may know the other, and api, worker, cron and the crash kit all import this module before they
# run a job or answer a caller.
gateways.forbid_while(is_open)
FAILED_JOB = "job {job_id} {kind} organization {organization_id} attempt {attempt}: {error}; {outcome}"

# A long job is handed back after this part of its kind's timeout, and goes on when its turn comes again.
SLICE = 0.5
# Each waits twice as long as the one before, so that they outlast a server that restarts a few times, some 20 s.
MAX_HAND_BACKS = 5
# After which a job is tried again whose need was away.
AWAY_S = 10.0


def run_jobs(kind: Kind, job_ids: Sequence[int], seconds: float | None = None) -> list[int]:
    """Run those of `job_ids` that are due, each to its end or back to the outbox; return the ids of those that failed.

    A doubled message finds nothing to do. At most one group is taken; ids beyond it keep their outbox entries and come
    again. A job that yields is handed back at its first yield after `seconds`, by default half of its kind's timeout.
    """
    run = Run(kind, job_ids, seconds)
    with ExitStack() as traced:
        try:
            run.claim()
            traced.enter_context(tracing.followed(kind, run.claimed.values(), run.failed, run.since))
            with acting.confined(run.organization_id):
                run.perform()
        except LeaseLost as lost:
            log.warning("%s: lease lost, rolled back (%s)", kind.name, lost)
            _count("lease_lost")
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("%s: %s; handing back", kind.name, type(error).__name__)
            run.hand_back(error)
    return run.failed


class Run:
    """The jobs of one kind that are claimed together, until each is settled, set aside or handed back."""

    def __init__(self, kind: Kind, job_ids: Sequence[int], seconds: float | None = None) -> None:
        self.kind, self.token = kind, uuid4()
        self.job_ids = list(job_ids[: kind.group])
        self.claimed: dict[int, ClaimedJob] = {}
        self.jobs: list[ClaimedJob] = []
        self.failed: list[int] = []
        self._unreadable: dict[int, Exception] = {}
        self.since = traces.now()
        # A run that waits for the world outside takes of its process what its thread computes: many wait beside it.
        self._clock = time.thread_time if kind.outside else time.monotonic
        self.started, self.held_since = self._clock(), time.monotonic()
        self.deadline = self.held_since + (kind.soft_time_limit * SLICE if seconds is None else seconds)

    def claim(self) -> None:
        """Take the jobs that are due; settle at once those that are cancelled, or whose payload is not understood."""
        with statement() as session:
            jobs = job_rows.claim(
                session, self.kind.name, self.job_ids, self.token, settings.current().lease, worker_name()
            )
            jobs, self._unreadable = sealing.opened_all(session, jobs)
        self.held_since = time.monotonic()  # a connection that broke earlier may tell of it only in the claim
        self.claimed = {job.id: job for job in jobs}
        self.jobs = [ready for job in jobs if (ready := self._ready(job))]

    @property
    def organization_id(self) -> int | None:
        """Return to whose rows these jobs are confined, None if they are of several organizations, or see all."""
        owners = {job.organization_id for job in self.jobs}
        return owners.pop() if len(owners) == 1 and not self.kind.sees_all else None

    def perform(self) -> None:
        """Run the handler and settle the jobs; set them aside when it raises. Let trouble of the database through."""
        if not self.jobs:
            return
        try:
            if self.kind.stepwise:
                self._walk(self.jobs[0])
            elif self.kind.outside:
                self._go_outside()
            else:
                with transaction() as session:
                    failures = self.settle(session, self.kind.handler(Context().within(session), self.jobs))
                self._report(failures)
        except Exception as error:
            if isinstance(error, LeaseLost) or is_transient(error):
                raise
            self.set_aside(error, verdict.readable(error))

    def settle(self, session: Session, outcomes: Sequence[Outcome]) -> list[Failure]:
        """Complete or fail each job as its outcome says, in the transaction of its effects; return the failures."""
        results: dict[int, Outcome] = {}
        failures: list[Failure] = []
        later: dict[float, list[int]] = defaultdict(list)
        for job, outcome in zip(self.jobs, outcomes, strict=True):
            if isinstance(outcome, PermanentError):
                failures.append(Failure(job.id, str(outcome), None))
            elif isinstance(outcome, Retry):
                failures.append(verdict.retry(job, outcome))
            elif isinstance(outcome, Later):
                later[outcome.seconds].append(job.id)
            else:
                results[job.id] = outcome
        job_rows.complete(session, self.token, results, self.kind.forgotten)
        job_rows.set_aside(session, self.token, failures)
        for seconds, ids in later.items():
            job_rows.release(session, self.token, ids, seconds, group_limit=None)
        self._tell(session, results)
        self._record(session, failed=len(failures), goes_on=sum(map(len, later.values())))
        return failures

    def _tell(self, session: Session, results: Mapping[int, Outcome]) -> None:
        """Tell of long jobs that are completed; the database itself tells of those that end otherwise."""
        if self.kind.stepwise:
            for job_id, result in results.items():
                said = {"jobId": job_id, "kind": self.kind.name, "result": result}
                tell(session, self.claimed[job_id].organization_id, [News(JOB_COMPLETED, said)])

    def set_aside(self, error: Exception, reason: str) -> None:
        """Count the attempt of a lone job; have a group go on in smaller ones, as nobody knows whose fault it was.

        A lone job whose need is away goes on later, and no attempt is counted.
        """
        if len(self.jobs) > 1 or isinstance(error, Away):
            told = verdict.logged(self.kind, reason)
            log.warning("%s: %d jobs go on in smaller groups or later: %s", self.kind.name, len(self.jobs), told)
            with transaction() as session:
                ids = [job.id for job in self.jobs]
                delay = AWAY_S if len(ids) == 1 else 0
                job_rows.release(session, self.token, ids, delay=delay, group_limit=_smaller(len(ids)))
            return
        failure = verdict.failure(self.kind, self.jobs[0], error, reason)
        with transaction() as session:
            self._record(session, failed=1)
            job_rows.set_aside(session, self.token, [failure])
        self._report([failure], error)

    def hand_back(self, error: Exception) -> None:
        """Return what is still held, waiting for the database as long as a task may; then it is swept.

        It goes on in smaller groups. A lone job that the server stopped, whose server process crashed, or that has lost
        its connection MAX_HAND_BACKS times in a row, would be handed back for ever: its attempt counts. A commit whose
        outcome is unknown is decided here too, as what did commit no longer carries the token.
        """
        lost = is_lost(error, self.held_since)
        give_up = time.monotonic() + settings.current().task_timeout
        while time.monotonic() < give_up:
            try:
                self._return(error, lost)
                return
            except SQLAlchemyError as trouble:
                if not is_transient(trouble):
                    raise
                time.sleep(random.uniform(0.1, 0.5))  # noqa: S311

    def _return(self, error: Exception, lost: bool) -> None:
        if len(self.jobs) == 1 and (reason := self._blame(error, lost)):
            with suppress(LeaseLost):
                self.set_aside(error, reason)
        else:
            pause = backoff.pause(lost, is_outage(error))
            self._release(self.job_ids, pause, _smaller(len(self.job_ids)), lost)

    def _blame(self, error: Exception, lost: bool) -> str | None:
        if not lost:
            return verdict.servers_verdict(error)
        if sqlstate(error) is None and self._server_crashed():
            return verdict.CRASHED
        return verdict.lost(error) if self.jobs[0].hand_backs >= MAX_HAND_BACKS else None

    def _server_crashed(self) -> bool:
        with statement() as session:
            return job_rows.server_crashed(session, self.token, self.jobs[0].id, settings.current().lease)

    def _ready(self, job: ClaimedJob) -> ClaimedJob | None:
        try:
            if job.id in self._unreadable:
                raise self._unreadable[job.id]
            if not job.cancel_requested:
                return payloads.current(self.kind, job)
            with transaction() as session:
                self._checkpoint(session, job, job.progress, None)
        except FromTheFuture as newer:
            log.warning("%s; leaving job %d to a newer worker", newer, job.id)
            self._release([job.id], settings.current().redelivery_interval, None)
        except Away as away:
            log.warning("%s: job %d goes on later: %s", self.kind.name, job.id, away)
            self._release([job.id], AWAY_S, None)
        except Exception as error:
            if is_transient(error) or isinstance(error, LeaseLost):
                raise
            failure = verdict.failure(self.kind, job, error)
            with transaction() as session:
                job_rows.set_aside(session, self.token, [failure])
            self._report([failure], error)
        return None

    def _walk(self, job: ClaimedJob) -> None:
        """Run one job step by step, each in a transaction of its own with its checkpoint."""
        context = Context(job.progress)
        steps: Steps = self.kind.handler(context, job)
        while True:
            with transaction() as session:
                context.within(session)
                try:
                    progress = next(steps)
                except StopIteration as end:
                    self.settle(session, [end.value or {}])
                    return
                kept = self._checkpoint(session, job, *progress)
            self.claimed[job.id] = job._replace(attempts=kept.attempts, hand_backs=kept.hand_backs)
            self.jobs = [self.claimed[job.id]]
            if kept.status == Status.CANCELLED:
                return
            if time.monotonic() >= self.deadline:
                with transaction() as session:
                    self._record(session, goes_on=1)
                    job_rows.release(session, self.token, [job.id], delay=0, group_limit=None)
                return

    def _go_outside(self) -> None:
        """Let the handler read in one transaction, do its errand with none open, and record it in a fenced one.

        A handler that finds nothing to do outside returns the outcomes at once. One that goes onward has what it
        recorded kept, as a step of a long job is, before its next errand is done.
        """
        context = Context()
        errand: Errand = self.kind.handler(context, self.jobs)
        done, begun = None, False
        with closing(errand):
            while True:
                with transaction() as session:
                    context.within(session)
                    try:
                        step = errand.send(done)
                    except StopIteration as end:
                        failures = self.settle(session, end.value)
                        break
                    if begun and not self._goes_onward(session, step):
                        return
                with traces.span(f"outside {self.kind.name}", traces.CLIENT):
                    done, begun = (step.act if isinstance(step, Onward) else step)(), True
        self._report(failures)

    def _goes_onward(self, session: Session, step: Any) -> bool:
        """Keep what a lone job has recorded; return whether it goes on now, and not cancelled or later."""
        if len(self.jobs) > 1 or not isinstance(step, Onward):
            raise RuntimeError("a handler that works outside yields once, or for a lone job Onward after that")
        [job] = self.jobs
        kept = self._checkpoint(session, job, step.done, step.total)
        self.claimed[job.id] = job._replace(attempts=kept.attempts, hand_backs=kept.hand_backs)
        self.jobs = [self.claimed[job.id]]
        if kept.status == Status.CANCELLED:
            return False
        if time.monotonic() < self.deadline:
            return True
        self._record(session, goes_on=1)
        job_rows.release(session, self.token, [job.id], delay=0, group_limit=None)
        return False

    def _checkpoint(self, session: Session, job: ClaimedJob, done: int, total: int | None) -> Kept:
        kept = job_rows.checkpoint(session, self.token, job.id, done, total, settings.current().lease)
        if kept.status == Status.CANCELLED and self.kind.cancelled:
            self.kind.cancelled(session, job.organization_id, job.id, job.payload)
        return kept

    def _release(self, job_ids: Sequence[int], delay: float, group_limit: int | None, lost: bool = False) -> None:
        with statement() as session:
            job_rows.release(session, self.token, job_ids, delay, group_limit, lost)

    def _record(self, session: Session, failed: int = 0, goes_on: int = 0) -> None:
        seconds = self._clock() - self.started
        statistics.record(session, self.kind, worker_name(), self.jobs, seconds, failed, goes_on)

    def _report(self, failures: Sequence[Failure], error: Exception | None = None) -> None:
        # A statement's own error may quote a row; what it says of its state is in the job's error.
        bug = error if not isinstance(error, PermanentError | NotYet | DBAPIError) else None
        for failure in failures:
            self.failed.append(failure.id)
            fields = verdict.fields(self.kind, self.claimed[failure.id], failure)
            text = FAILED_JOB.format(**fields, error=verdict.logged(self.kind, failure.error))
            log.log(logging.ERROR if bug else logging.WARNING, text, exc_info=bug, extra=fields)


def _smaller(jobs: int) -> int:
    """Return how many of so many should go on together, so that one at fault is found in few runs and rounds.

    The square root (R. Dorfman, The Detection of Defective Members of Large Populations, 1943).
    """
    return isqrt(jobs)


def _count(incident: str) -> None:
    with statement() as session:
        figures.record_incident(session, incident)
