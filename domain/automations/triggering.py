"""Writes the runs of automations in the commit that numbers their events: one for each that fires, and its job."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from json import loads
from typing import Any, NamedTuple

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.jobs import NewJob
from db.models import Automation
from db.queries import run
from domain.automations import conditions
from domain.automations.catalogue import TRIGGERS
from domain.events.sequencing import Sequenced
from domain.events.telling import CAUSED_BY
from domain.jobs.submission import enqueue_jobs

KIND = "automation.run"
MAX_DEPTH = 3


class Firing(NamedTuple):
    """An automation that fires, for an event or in a slot; `error` says why its run is stopped before it begins."""

    automation: Automation
    chain: list[int]
    event: Sequenced | None = None
    slot: datetime | None = None
    error: str | None = None


def trigger(session: Session, organization_id: int, events: Sequence[Sequenced]) -> None:
    """Owe a run for each event and automation whose conditions hold, or become true, with it."""
    asked = select(Automation).where(
        Automation.organization_id == organization_id,
        Automation.enabled,
        Automation.event_type.in_({event.type for event in events}),
    )
    by_type: dict[str, list[Automation]] = defaultdict(list)
    for automation in session.scalars(asked.order_by(Automation.id)):
        by_type[automation.event_type or ""].append(automation)
    if by_type:
        told = [(event, read(event.data)) for event in events if event.type in by_type]
        owe(session, organization_id, list(_fired(session, told, by_type)))


def read(data: str) -> dict[str, Any]:
    """Return what an event says, its numbers exact."""
    return loads(data, parse_float=Decimal)


def owe(session: Session, organization_id: int, firings: Sequence[Firing]) -> list[int]:
    """Owe the runs, each with a job unless it is stopped; return the ids of the jobs."""
    if not firings:
        return []
    [[ids]] = run(session, "draw_runs", count=len(firings))
    owed = [
        NewJob(
            organization_id,
            _payload(one, run_id),
            str(one.automation.id),
            traceparent=one.event.traceparent if one.event else None,
        )
        for run_id, one in zip(ids, firings, strict=True)
        if one.error is None
    ]
    job_ids = enqueue_jobs(session, KIND, owed) if owed else []
    of_runs = iter(job_ids)
    run(
        session,
        "create_runs",
        organization_id=organization_id,
        ids=ids,
        automation_ids=[one.automation.id for one in firings],
        sequences=[one.event and one.event.sequence for one in firings],
        event_ids=[one.event and one.event.id for one in firings],
        slots=[one.slot for one in firings],
        chains=[orjson.dumps(one.chain).decode() for one in firings],
        job_ids=[next(of_runs) if one.error is None else None for one in firings],
        errors=[one.error for one in firings],
    )
    return job_ids


def _payload(one: Firing, run_id: int) -> dict[str, Any]:
    return {
        "tenantId": one.automation.organization_id,
        "tenantUserId": one.automation.owner,
        "automationId": one.automation.id,
        "eventId": str(one.event.id) if one.event else None,
        "runId": run_id,
    }


def chain_of(data: Mapping[str, Any]) -> list[int]:
    """Return the automations that led to an event, the first of them first."""
    return list(data.get(CAUSED_BY, {}).get("chain", []))


def stopped(automation_id: int, chain: Sequence[int]) -> str | None:
    """Say why an automation does not run for an event that the automations of `chain` led to, None if it does."""
    if automation_id in chain:
        return f"stopped: this automation led to the event itself, by way of {_told(chain)}"
    if len(chain) >= MAX_DEPTH:
        return f"stopped: {MAX_DEPTH} automations led to the event, one after the other: {_told(chain)}"
    return None


def _told(chain: Sequence[int]) -> str:
    return ", ".join(f"automation {one}" for one in chain)


def _fired(
    session: Session, told: Sequence[tuple[Sequenced, dict[str, Any]]], by_type: Mapping[str, Sequence[Automation]]
) -> Iterator[Firing]:
    memory = _Memory(session, [
        (automation.id, subject)
        for event, data in told if (subject := subject_of(event.type, data)) is not None
        for automation in by_type[event.type] if remembers(automation)
    ])  # fmt: skip
    for event, data in told:
        for automation in by_type[event.type]:
            holds = conditions.holds(automation.conditions, TRIGGERS[event.type].fields, data)
            if remembers(automation):
                holds = memory.becomes(automation.id, subject_of(event.type, data), holds)
            if holds:
                chain = chain_of(data)
                error = stopped(automation.id, chain)
                yield Firing(automation, [*chain, automation.id], event, error=error)
    memory.keep()


def subject_of(event_type: str, data: Mapping[str, Any]) -> int | None:
    """Return the id of what an event is about, None if it names none."""
    subject = data.get(TRIGGERS[event_type].subject)
    return subject if isinstance(subject, int) else None


def remembers(automation: Automation) -> bool:
    """Return whether an automation fires only when its conditions become true: it has some, and does not repeat."""
    return not automation.repeat and conditions.used(automation.conditions)


class _Memory:
    """For which subjects the conditions of automations hold, by the event before."""

    def __init__(self, session: Session, asked: Sequence[tuple[int, int]]) -> None:
        self._session = session
        self._before: set[tuple[int, int]] = set()
        if wanted := sorted(set(asked)):
            found = run(session, "find_subjects", **_columns(wanted))
            self._before = {(row.automation_id, row.subject) for row in found}
        self._now = set(self._before)

    def becomes(self, automation_id: int, subject: int | None, holds: bool) -> bool:
        """Take note of whether the conditions hold; return whether they hold, and did not before."""
        if subject is None:
            return holds
        place = automation_id, subject
        became = holds and place not in self._now
        (self._now.add if holds else self._now.discard)(place)
        return became

    def keep(self) -> None:
        """Write down what has changed."""
        for name, changed in (
            ("remember_subjects", self._now - self._before),
            ("forget_subjects", self._before - self._now),
        ):
            if changed:
                run(self._session, name, **_columns(sorted(changed)))


def _columns(places: Sequence[tuple[int, int]]) -> dict[str, list[int]]:
    return {"automation_ids": [one for one, _ in places], "subjects": [subject for _, subject in places]}
