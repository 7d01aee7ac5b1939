"""Automations: what is done when an event says so, or at a time."""

from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from api.automations.schemas import (
    Automation,
    AutomationRun,
    Catalogue,
    Trial,
    catalogue_event,
)
from api.http.blueprint import Blueprint
from api.http.bodies.automations import AutomationBody, TrialBody
from api.http.changes import change
from api.http.idempotency import Answer, once
from api.http.pagination import LINK, Page, page, place
from db.transaction import report, transaction
from domain.automations import owner, registration, runs, trial
from domain.automations.actions import all_actions
from domain.automations.catalogue import TRIGGERS
from domain.automations.seen import Seen, SeenRun
from domain.events.types import TYPES

PATH = "/api/v1/automations"
automations_api = Blueprint(
    "automations",
    __name__,
    description="What is done by itself when an event says so, or at a time.",
    url_prefix=PATH,
)


@automations_api.route("", "automations:manage", methods=["POST"])
@automations_api.arguments(AutomationBody())
@automations_api.response(201, Automation)
@automations_api.refuses(409)
@automations_api.idempotent
def create_automation(body: dict[str, Any]) -> Response:
    """Create an automation: from now on it does its actions for each event, or time, that its trigger names.

    It acts in the name of the key that sends this, and does nothing once that is revoked. An organization has up to
    100 automations.
    """

    def work(session: Session) -> Answer:
        made = registration.create(session, g.organization_id, g.caller.actor, body)
        owner.require_actions(g.caller, made)
        return Answer(201, Automation().dump(Seen.one(session, made)), {"Location": f"{PATH}/{made.id}"})

    return once(work).response()


@automations_api.route("", "automations:read")
@automations_api.arguments(Page(), location="query")
@automations_api.response(200, Automation(many=True), headers=LINK)
def list_automations(query: dict[str, Any]) -> Any:
    """List automations.

    They come in the order in which they were created.
    """
    with report() as session:
        rows = registration.page(session, g.organization_id, *place(query, 0))
        return page(Seen.all(session, rows), query, Automation())


@automations_api.route("/catalogue", "automations:read")
@automations_api.response(200, Catalogue)
def show_catalogue() -> Any:
    """Show what automations may be made of: types of events with their fields, and actions with their parameters.

    A form can be drawn from it.
    """
    actions = [
        {"do": one.name, "description": one.told, "permission": one.permission, "parameters": one.schema}
        for _, one in sorted(all_actions().items())
    ]
    return {"events": [catalogue_event(name, TYPES[name]) for name in TRIGGERS], "actions": actions}


@automations_api.route("/<row_id:automation_id>", "automations:read")
@automations_api.response(200, Automation)
@automations_api.refuses(404)
def show_automation(automation_id: int) -> Any:
    """Show one automation, and how it fares.

    `listRuns` says what it did.
    """
    with transaction() as session:
        return Seen.one(session, registration.get(session, g.organization_id, automation_id))


@automations_api.route("/<row_id:automation_id>", "automations:manage", methods=["PUT"])
@automations_api.arguments(AutomationBody())
@automations_api.response(200, Automation)
@automations_api.refuses(404)
def replace_automation(body: dict[str, Any], automation_id: int) -> Any:
    """Replace an automation; its version goes up, and it begins afresh.

    From now on it acts in the name of the key that sends this. Its failures, and for what its conditions held, are
    forgotten; runs that wait do what they were to do.
    """
    with change() as session:
        changed = registration.change(session, g.organization_id, g.caller.actor, automation_id, body)
        owner.require_actions(g.caller, changed)
        return Seen.one(session, changed)


@automations_api.route("/<row_id:automation_id>", "automations:manage", methods=["DELETE"])
@automations_api.response(204)
@automations_api.refuses(404)
def delete_automation(automation_id: int) -> Response:
    """Delete an automation with its runs; those that wait do nothing.

    What it has done stays.
    """
    with change() as session:
        registration.delete(session, g.organization_id, automation_id)
    return Response(status=204)


@automations_api.route("/<row_id:automation_id>/test", "automations:manage", methods=["POST"])
@automations_api.arguments(TrialBody(), required=False)
@automations_api.response(200, Trial)
@automations_api.refuses(404, 409)
def try_automation(body: dict[str, Any], automation_id: int) -> Any:
    """Say what an automation would do for an event, or which of the newest 100 of its type match; do nothing.

    With an event, `conditions` has what each part comes to and `actions` the parameters with their placeholders
    replaced.
    """
    with report() as session:
        place = session, g.organization_id, automation_id
        found = trial.with_event(*place, body["event_id"]) if "event_id" in body else trial.with_recent(*place)
        return dict.fromkeys(Trial().fields) | found._asdict()


@automations_api.route("/<row_id:automation_id>/runs", "automations:read")
@automations_api.arguments(Page(), location="query")
@automations_api.response(200, AutomationRun(many=True), headers=LINK)
@automations_api.refuses(404)
def list_runs(query: dict[str, Any], automation_id: int) -> Any:
    """List the runs of an automation, newest first, each with what its actions came to.

    They are kept as long as events.
    """
    with report() as session:
        registration.get(session, g.organization_id, automation_id)
        rows = runs.page(session, g.organization_id, automation_id, *place(query))
        return page([SeenRun(*one) for one in rows], query, AutomationRun())
