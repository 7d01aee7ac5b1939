"""Does what automations say. All actions of a run are one commit with its end, so each is done once."""

import logging
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import jobs as job_rows
from db import traces
from db.models import Automation, AutomationJob, AutomationRun
from db.transaction import is_transient, savepoint
from domain.automations import actions, health, owner
from domain.automations.actions import DO, Acting
from domain.automations.triggering import Firing, owe, read
from domain.errors import InUse, NotFound, PermanentError
from domain.events import feed
from domain.events.feed import moment
from domain.events.telling import CAUSED_BY
from domain.identity.quotas import OverQuota
from domain.jobs import backoff, verdict
from domain.jobs.admission import TooManyWaiting
from domain.jobs.lifecycle import Status
from domain.jobs.work import ClaimedJob, Later, Outcome, Payload, Retry

log = logging.getLogger(__name__)

PENDING, SUCCEEDED, FAILED, STOPPED = "pending", "succeeded", "failed", "stopped"
DONE, SKIPPED = "done", "skipped"
IN_USE_S = 0.5


def submit_slot(session: Session, organization_id: int, payload: Payload, **_: Any) -> int:
    """Owe the run of a slot of an automation's schedule; return its job. Raise NotFound if it is gone."""
    automation = session.get(Automation, payload["automationId"])
    if automation is None or not automation.enabled:
        raise NotFound("the automation is gone, or disabled")
    slot = datetime.fromisoformat(payload["slot"])
    [job_id] = owe(session, organization_id, [Firing(automation, [automation.id], slot=slot)])
    return job_id


def perform(session: Session, jobs: Sequence[ClaimedJob], pause: float) -> list[Outcome]:
    """Do the runs of several jobs; return what came of each. The job of a run that has failed is completed as well.

    What nobody expected is tried again after `pause` seconds, doubled with each attempt.
    """
    outcomes: list[Outcome] = []
    ended: dict[int, list[bool]] = defaultdict(list)
    for job in jobs:
        run = session.get(AutomationRun, job.payload["runId"])
        if run is None or run.status != PENDING:
            outcomes.append({"status": run.status if run else STOPPED})
            continue
        outcome = _tried(session, job, run, pause)
        outcomes.append(outcome)
        if run.status in (SUCCEEDED, FAILED):
            ended[run.automation_id].append(run.status == SUCCEEDED)
    session.flush()
    health.record(session, ended)
    return outcomes


def _tried(session: Session, job: ClaimedJob, run: AutomationRun, pause: float) -> Outcome:
    """Do a run; what nobody expected undoes it whole, and is tried again while the job has attempts left.

    While no more jobs may wait, or somebody is at what it needs, it waits as well.
    """
    try:
        with savepoint(session), traces.within(traces.of_job(job.id)):
            _do(session, run)
    except TooManyWaiting as full:
        session.refresh(run)
        return Later(full.pause)
    except InUse:
        session.refresh(run)
        return Later(IN_USE_S * random.uniform(0.5, 1.5))  # noqa: S311
    except Exception as error:
        if is_transient(error):
            raise
        session.refresh(run)
        told = verdict.readable(error)
        if job.attempts < job.max_attempts:
            return Retry(backoff.delay(pause, job.attempts), told)
        log.exception("run %d of automation %d failed", run.id, run.automation_id)
        run.actions = [{**plan(one), "status": SKIPPED} for one in run.actions]
        _end(run, FAILED, told)
    return {"runId": run.id, "status": run.status}


def _do(session: Session, run: AutomationRun) -> None:
    automation = session.get(Automation, run.automation_id)
    if automation is None or not automation.enabled:
        _end(run, STOPPED, "the automation was deleted or disabled before its turn came")
        return
    session.info[CAUSED_BY] = caused_by(run)
    try:
        refused = _act(session, automation, run)
        if isinstance(refused, owner.MayNot):
            health.disable(session, run.organization_id, automation.id, str(refused))
    finally:
        del session.info[CAUSED_BY]
    _end(run, FAILED if refused else SUCCEEDED, str(refused) if refused else None)


def caused_by(run: AutomationRun) -> dict[str, Any]:
    """Return what an event says that a run has caused: how deep it is, and which automations led to it."""
    return {"automationId": run.automation_id, "runId": run.id, "depth": len(run.chain), "chain": run.chain}


def _act(session: Session, automation: Automation, run: AutomationRun) -> Exception | None:
    """Do one action after the other until one is refused; return why it was."""
    told = [{**plan(one), "status": SKIPPED} for one in run.actions]
    try:
        values = values_of(session, run)
        for one in told:
            refused = _done(session, automation, run, one, values)
            if refused:
                return refused
    except PermanentError as past:
        return past
    finally:
        run.actions = told
    return None


def plan(action: Mapping[str, Any]) -> dict[str, Any]:
    """Return an action as runs show it: what is done, with which parameters."""
    return {DO: action[DO], "parameters": actions.without_name(action)}


def _done(
    session: Session, automation: Automation, run: AutomationRun, one: dict[str, Any], values: Mapping[str, Any]
) -> Exception | None:
    """Do one action, and write into it what came of it; return why it was refused."""
    acting = Acting(session, run.organization_id, automation.owner, run.id)
    try:
        with savepoint(session):
            one["parameters"] = actions.parameters(one[DO], one["parameters"], values)
            known = actions.find(one[DO])
            owner.require(session, run.organization_id, automation.owner, known.permission)
            one["result"] = known.perform(acting, one["parameters"])
            _note_job(session, run, one["result"])
            one["status"] = DONE
    except (PermanentError, OverQuota) as refused:
        one |= {"status": FAILED, "error": str(refused)}
        return refused
    return None


def _note_job(session: Session, run: AutomationRun, result: Mapping[str, Any]) -> None:
    if "jobId" in result:
        caused = {"organization_id": run.organization_id, "job_id": result["jobId"], "caused_by": caused_by(run)}
        session.merge(AutomationJob(**caused))
        session.flush()


def values_of(session: Session, run: AutomationRun) -> dict[str, Any]:
    """Return what placeholders stand for in a run; raise PermanentError if its event is past its retention."""
    if run.sequence is None:
        return {"slot": moment(run.slot)} if run.slot else {}
    event = feed.find(session, run.organization_id, run.sequence)
    if event is None:
        raise PermanentError("the event is past its retention")
    return values_of_event(event)


def values_of_event(event: feed.Event) -> dict[str, Any]:
    """Return what placeholders stand for in parameters of an automation that an event triggers."""
    said = {f"data.{name}": value for name, value in read(event.data).items()}
    known = {"id": str(event.id), "type": event.type, "sequence": event.sequence, "createdAt": moment(event.created_at)}
    return said | {f"event.{name}": value for name, value in known.items()}


def _end(run: AutomationRun, status: str, error: str | None) -> None:
    run.status, run.error = status, error
    run.ended_at = func.clock_timestamp()


def page(
    session: Session, organization_id: int, automation_id: int, before: int | None, limit: int
) -> list[tuple[AutomationRun, str, str | None]]:
    """Return up to `limit` runs of an automation, newest first, each with its status and why it failed.

    One whose job has ended without it, as its worker died time and again or somebody cancelled it, has failed.
    """
    own = select(AutomationRun).where(
        AutomationRun.organization_id == organization_id, AutomationRun.automation_id == automation_id
    )
    own = own.where(AutomationRun.id < before) if before else own
    found = session.scalars(own.order_by(AutomationRun.id.desc()).limit(limit)).all()
    waiting = [run.job_id for run in found if run.status == PENDING and run.job_id]
    lost = {
        job.id: job.error or "its job was cancelled"
        for job in job_rows.states(session, waiting)
        if job.status in (Status.FAILED, Status.CANCELLED)
    }
    return [(run, FAILED, lost[run.job_id]) if run.job_id in lost else (run, run.status, run.error) for run in found]
