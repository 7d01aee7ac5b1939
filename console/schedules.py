"""Schedules: jobs that are made again and again, what became of the last, and when the next ones come."""

from typing import Any

from flask import g, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from api.http.bodies.schedules import ScheduleBody
from api.http.changes import change
from api.http.kinds import require_kind
from console import forms
from console.events import written
from console.lists import ROWS, after, listed
from console.pages import Pages, lead_to
from db import clock
from db.transaction import report, transaction
from domain.errors import Invalid
from domain.jobs.registry import submittable
from domain.schedules import registration
from domain.schedules.seen import Seen
from domain.schedules.timing import CatchUp, Timing, checked

schedules_pages = Pages("schedules", __name__)
SHOWN_SLOTS = 3


@schedules_pages.page("/schedules", "schedules:read")
def list_schedules():
    """Show the schedules; to operators also those that kinds declare."""
    with report() as session:
        rows = registration.page(session, g.organization_id, g.caller.is_operator, after() or 0, ROWS + 1)
        found = listed(Seen.all(session, rows))
    return render_template("schedules.html", schedules=found)


@schedules_pages.page("/schedules/meaning", "schedules:read")
def explain_time():
    """Say what a cron expression means, and when it comes next: a part of a page."""
    args = {name.rpartition(".")[2]: value.strip() for name, value in request.args.items()}
    expression, zone = args.get("cron", ""), args.get("timeZone") or "UTC"
    meaning, slots, wrong = "", [], ""
    try:
        if cron := checked(expression or None, zone):
            with transaction() as session:
                now = clock.now(session)
            timing = Timing(cron, None, zone, now)
            meaning, slots = timing.explained(), timing.coming(now, SHOWN_SLOTS)
    except Invalid as invalid:
        wrong = str(invalid)
    return render_template("meaning.html", meaning=meaning, slots=slots, wrong=wrong)


@schedules_pages.page("/schedules/new", "jobs:manage")
def new_schedule():
    """Show the form for a new schedule."""
    return render_template("schedule_form.html", schedule=None, **_choices())


@schedules_pages.act("/schedules", "jobs:manage", back=new_schedule)
def create_schedule() -> Response:
    """Make a schedule: from now on each slot makes one job."""
    fields = _given()
    with change() as session:
        schedule_id = registration.create(session, g.organization_id, fields).id
    return lead_to("schedules.show_schedule", "saved", schedule_id=schedule_id)


@schedules_pages.page("/schedules/<row_id:schedule_id>", "schedules:read")
def show_schedule(schedule_id: int):
    """Show a schedule, its next slots and its last job."""
    with transaction() as session:
        row = registration.get(session, g.organization_id, schedule_id, g.caller.is_operator)
        [schedule] = Seen.all(session, [row])
        slots = registration.timing_of(row).coming(clock.now(session), SHOWN_SLOTS) if row.enabled else []
    return render_template("schedule.html", schedule=schedule, slots=slots, payload=written(row.payload))


@schedules_pages.page("/schedules/<row_id:schedule_id>/edit", "jobs:manage")
def edit_schedule(schedule_id: int):
    """Show the form that changes a schedule."""
    with transaction() as session:
        schedule = registration.get(session, g.organization_id, schedule_id)
    return render_template("schedule_form.html", schedule=schedule, payload=written(schedule.payload), **_choices())


@schedules_pages.act("/schedules/<row_id:schedule_id>", "jobs:manage", back=edit_schedule)
def replace_schedule(schedule_id: int) -> Response:
    """Change a schedule; the jobs that it has made stay as they are."""
    fields = _given()
    with change() as session:
        registration.change(session, g.organization_id, schedule_id, fields)
    return lead_to("schedules.show_schedule", "saved", schedule_id=schedule_id)


@schedules_pages.act("/schedules/<row_id:schedule_id>/delete", "jobs:manage", back=show_schedule)
def delete_schedule(schedule_id: int) -> Response:
    """Delete a schedule; the jobs that it has made stay."""
    with change() as session:
        registration.delete(session, g.organization_id, schedule_id)
    return lead_to("schedules.list_schedules", "schedule-deleted")


@schedules_pages.act("/schedules/<row_id:schedule_id>/run", "jobs:manage", back=show_schedule)
def run_schedule(schedule_id: int) -> Response:
    """Make a job of a schedule now, beside its slots, and show it."""
    with change() as session:
        _require_kind(session, schedule_id)
        job_id = registration.run_now(session, g.organization_id, schedule_id, g.caller.is_operator)
    return lead_to("jobs.show_job", "schedule-run", job_id=job_id)


@schedules_pages.act("/schedules/<row_id:schedule_id>/pause", "jobs:manage", back=show_schedule)
def pause_schedule(schedule_id: int) -> Response:
    """Let a schedule make no jobs until it is resumed."""
    with change() as session:
        registration.switch(session, g.organization_id, schedule_id, False, g.caller.is_operator)
    return lead_to("schedules.show_schedule", "schedule-paused", schedule_id=schedule_id)


@schedules_pages.act("/schedules/<row_id:schedule_id>/resume", "jobs:manage", back=show_schedule)
def resume_schedule(schedule_id: int) -> Response:
    """Have a paused schedule go on from now."""
    with change() as session:
        _require_kind(session, schedule_id)
        registration.switch(session, g.organization_id, schedule_id, True, g.caller.is_operator)
    return lead_to("schedules.show_schedule", "schedule-resumed", schedule_id=schedule_id)


def _require_kind(session: Session, schedule_id: int) -> None:
    """Raise Forbidden for a schedule whose jobs the caller may not submit."""
    require_kind(registration.get(session, g.organization_id, schedule_id, g.caller.is_operator).kind)


def _choices() -> dict[str, Any]:
    """Return what the form offers: the kinds whose jobs the caller may submit."""
    kinds = [kind for kind in submittable() if g.caller.may(kind.permission)]
    names = [(one.name, one.name) for one in kinds]
    return {"kinds": [(one.name, written(one.schema)) for one in kinds], "names": names, "catch_ups": list(CatchUp)}


def _given() -> dict[str, Any]:
    """Return the fields that the form says; raise Invalid, or Forbidden for a kind that is not the caller's."""
    given: dict[str, Any] = forms.texts("name", "type", "cron", "timeZone", "catchUp")
    given["payload"] = forms.parsed("payload")
    given |= {"everySeconds": forms.digits("everySeconds"), "enabled": "enabled" in request.form}
    body = forms.loaded(ScheduleBody(), given)
    require_kind(body["type"])
    return body | {"kind": body["type"]}
