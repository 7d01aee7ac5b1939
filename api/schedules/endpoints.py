"""Schedules: jobs that are made again and again."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.blueprint import Blueprint
from api.http.bodies.schedules import ScheduleBody
from api.http.changes import change
from api.http.idempotency import Answer, once
from api.http.kinds import require_kind
from api.http.pagination import LINK, Page, page, place
from api.jobs.schemas import JobAccepted, kind_name
from api.schedules.schemas import Schedule
from db.models import Schedule as ScheduleRow
from db.transaction import transaction
from domain.jobs.lifecycle import Status
from domain.schedules import registration
from domain.schedules.seen import Seen

PATH = "/api/v1/schedules"
schedules_api = Blueprint(
    "schedules",
    __name__,
    description="Jobs that are made again and again, by a cron expression or every so many seconds.",
    url_prefix=PATH,
)


@schedules_api.route("", "jobs:manage", methods=["POST"])
@schedules_api.arguments(ScheduleBody())
@schedules_api.response(201, Schedule)
@schedules_api.refuses(409)
@schedules_api.idempotent
def create_schedule(body: dict[str, Any]) -> Response:
    """Create a schedule: from now on each slot makes one job.

    A slot is a time that `cron` or `everySeconds` names. Its job is made within seconds after it. An organization has
    up to 100 schedules.
    """

    def work(session: Session) -> Answer:
        made = registration.create(session, g.organization_id, _given(body))
        return Answer(201, Schedule().dump(_shown(session, made)), {"Location": f"{PATH}/{made.id}"})

    return once(work).response()


@schedules_api.route("", "schedules:read")
@schedules_api.arguments(Page(), location="query")
@schedules_api.response(200, Schedule(many=True), headers=LINK)
def list_schedules(query: dict[str, Any]) -> Any:
    """List schedules, each with its next slot and its last job.

    An operator's key also sees those that types of jobs declare for the installation.
    """
    with transaction() as session:
        rows = registration.page(session, g.organization_id, g.caller.is_operator, *place(query, 0))
        return page(Seen.all(session, rows), query, Schedule())


@schedules_api.route("/<row_id:schedule_id>", "schedules:read")
@schedules_api.response(200, Schedule)
@schedules_api.refuses(404)
def show_schedule(schedule_id: int) -> Any:
    """Show one schedule, its next slot and its last job.

    `meaning` says its time in words.
    """
    with transaction() as session:
        return _shown(session, registration.get(session, g.organization_id, schedule_id, g.caller.is_operator))


@schedules_api.route("/<row_id:schedule_id>", "jobs:manage", methods=["PUT"])
@schedules_api.arguments(ScheduleBody())
@schedules_api.response(200, Schedule)
@schedules_api.refuses(404)
def replace_schedule(body: dict[str, Any], schedule_id: int) -> Any:
    """Replace a schedule; the jobs that it has made stay as they are.

    Where neither its time nor `enabled` changes, its next slot stays; else it begins anew, from now.
    """
    with change() as session:
        return _shown(session, registration.change(session, g.organization_id, schedule_id, _given(body)))


@schedules_api.route("/<row_id:schedule_id>", "jobs:manage", methods=["DELETE"])
@schedules_api.response(204)
@schedules_api.refuses(404)
def delete_schedule(schedule_id: int) -> Response:
    """Delete a schedule; the jobs that it has made stay.

    To keep it for later, pause it instead.
    """
    with change() as session:
        registration.delete(session, g.organization_id, schedule_id)
    return Response(status=204)


@schedules_api.route("/<row_id:schedule_id>/run", "jobs:manage", methods=["POST"])
@schedules_api.response(202, JobAccepted)
@schedules_api.refuses(404, 409)
@schedules_api.idempotent
def run_schedule(schedule_id: int) -> Response:
    """Make a job of a schedule now, beside its slots; also while it is paused.

    The next slot comes as it would have. Send an Idempotency-Key to make one job however often you ask.
    """

    def work(session: Session) -> Answer:
        _require_kind(session, schedule_id)
        job_id = registration.run_now(session, g.organization_id, schedule_id, g.caller.is_operator)
        accepted = {"jobId": job_id, "status": Status.PENDING.lower(), "message": "Job created."}
        return Answer(202, accepted, {"Location": f"/api/v1/jobs/{job_id}"})

    return once(work).response()


@schedules_api.route("/<row_id:schedule_id>/pause", "jobs:manage", methods=["POST"])
@schedules_api.response(200, Schedule)
@schedules_api.refuses(404)
def pause_schedule(schedule_id: int) -> Any:
    """Let a schedule make no jobs until it is resumed.

    What it has made goes on.
    """
    return _switched(schedule_id, False)


@schedules_api.route("/<row_id:schedule_id>/resume", "jobs:manage", methods=["POST"])
@schedules_api.response(200, Schedule)
@schedules_api.refuses(404)
def resume_schedule(schedule_id: int) -> Any:
    """Have a paused schedule go on from now.

    The slots of the pause are not made up for, whatever `catchUp` says.
    """
    return _switched(schedule_id, True)


def _switched(schedule_id: int, enabled: bool) -> Any:
    with change() as session:
        if enabled:
            _require_kind(session, schedule_id)
        return _shown(
            session, registration.switch(session, g.organization_id, schedule_id, enabled, g.caller.is_operator)
        )


def _require_kind(session: Session, schedule_id: int) -> None:
    """Raise Forbidden for a schedule whose jobs the caller may not submit."""
    require_kind(registration.get(session, g.organization_id, schedule_id, g.caller.is_operator).kind)


def _given(body: dict[str, Any]) -> dict[str, Any]:
    kind = kind_name(body["type"])
    require_kind(kind)
    return body | {"kind": kind}


def _shown(session: Session, schedule: ScheduleRow) -> Seen:
    [seen] = Seen.all(session, [schedule])
    return seen
