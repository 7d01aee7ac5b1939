"""Automations: what is done when an event says so, or at a time; what it would do, and what it did."""

from collections.abc import Mapping
from uuid import UUID

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.automations import AutomationBody
from api.http.changes import change
from console import automation_form, forms
from console.automation_form import Drawn
from console.codes import N_
from console.events import says, written
from console.lists import ROWS, after, listed
from console.pages import Pages, field, lead_to
from console.subjects import subjects
from console.words import gettext
from console.words import gettext as _
from db.transaction import report, transaction
from domain.automations import catalogue, owner, registration, runs, trial
from domain.automations.actions import MAX_ACTIONS, all_actions
from domain.automations.catalogue import OPS, TRIGGERS, FieldType, Op
from domain.automations.health import MAX_FAILURES
from domain.automations.seen import Seen, SeenRun
from domain.errors import Refusal
from domain.identity.names import names
from domain.jobs.registry import submittable

automations_pages = Pages("automations", __name__)
TRIED_EVENTS = 20
# What actions do, as their declaration has it.
TOLD = (
    N_("Write a note, which is shown with the run."),
    N_("Approve a bill, as POST /api/v1/bills/{id}/approve does: never one that looks like another."),
    N_("Submit a job, as POST /api/v1/jobs does."),
    N_("Reject a bill with a reason, as POST /api/v1/bills/{id}/reject does."),
    N_("Give a failed or cancelled job all its attempts again."),
    N_("Send an invoice to its client, or to the addresses in `to`, as POST /api/v1/invoices/{number}/send does."),
    N_("Send a mail, as POST /api/v1/mails does."),
)


@automations_pages.page("/automations", "automations:read")
def list_automations():
    """Show the automations, and how each fares."""
    with report() as session:
        rows = registration.page(session, g.organization_id, after() or 0, ROWS + 1)
        found = listed(Seen.all(session, rows))
    return render_template("automations.html", automations=found, most=MAX_FAILURES)


@automations_pages.page("/automations/new", "automations:manage")
def new_automation(drawn: Drawn | None = None):
    """Show the form for a new automation."""
    shown = automation_form.typed() if "refused" in g else drawn or Drawn()
    return _form(shown, None)


@automations_pages.act("/automations", "automations:manage", back=new_automation)
def create_automation() -> Response:
    """Make an automation, which acts in the name of the user."""
    body = forms.loaded(AutomationBody(), automation_form.body(automation_form.typed()))
    with change() as session:
        made = registration.create(session, g.organization_id, g.caller.actor, body)
        owner.require_actions(g.caller, made)
    return lead_to("automations.show_automation", "saved", automation_id=made.id)


@automations_pages.act("/automations/draw", "automations:manage", back=new_automation)
def draw_automation() -> str:
    """Draw the form anew, with a row more or less, or for another type of event; nothing is changed."""
    given = field("automation")
    return _form(automation_form.typed(), int(given) if given.isdecimal() else None)


@automations_pages.page("/automations/<row_id:automation_id>", "automations:read")
def show_automation(automation_id: int):
    """Show an automation with its runs, newest first."""
    with report() as session:
        row = registration.get(session, g.organization_id, automation_id)
        automation = Seen.one(session, row)
        known = names(session, g.organization_id, [row.owner])
        found = runs.page(session, g.organization_id, automation_id, after(), ROWS + 1)
        shown = listed(SeenRun(*one) for one in found)
    return render_template(
        "automation.html",
        automation=automation,
        owner_name=known.get(row.owner, row.owner),
        drawn=automation_form.known(registration.given(row, None)),
        runs=shown,
        subjects=subjects,
        operator=operator,
        most=MAX_FAILURES,
    )


@automations_pages.page("/automations/<row_id:automation_id>/edit", "automations:manage")
def edit_automation(automation_id: int):
    """Show the form that changes an automation."""
    with transaction() as session:
        row = registration.get(session, g.organization_id, automation_id)
        schedule = registration.schedules_of(session, [row]).get(row.schedule_id or 0)
        given = registration.given(row, schedule)
    return _form(automation_form.typed() if "refused" in g else automation_form.known(given), automation_id)


@automations_pages.act("/automations/<row_id:automation_id>", "automations:manage", back=edit_automation)
def replace_automation(automation_id: int) -> Response:
    """Change an automation; from now on it acts in the name of the user."""
    body = forms.loaded(AutomationBody(), automation_form.body(automation_form.typed()))
    with change() as session:
        changed = registration.change(session, g.organization_id, g.caller.actor, automation_id, body)
        owner.require_actions(g.caller, changed)
    return lead_to("automations.show_automation", "saved", automation_id=automation_id)


@automations_pages.act("/automations/<row_id:automation_id>/switch", "automations:manage", back=show_automation)
def switch_automation(automation_id: int) -> Response:
    """Let an automation fire no more, or again, then in the name of the user."""
    enabled = "enabled" in request.form
    with change() as session:
        switched = registration.switch(session, g.organization_id, g.caller.actor, automation_id, enabled)
        if enabled:
            owner.require_actions(g.caller, switched)
    told = "automation-on" if enabled else "automation-off"
    return lead_to("automations.show_automation", told, automation_id=automation_id)


@automations_pages.act("/automations/<row_id:automation_id>/delete", "automations:manage", back=show_automation)
def delete_automation(automation_id: int) -> Response:
    """Delete an automation with its runs; those that wait do nothing."""
    with change() as session:
        registration.delete(session, g.organization_id, automation_id)
    return lead_to("automations.list_automations", "automation-deleted")


@automations_pages.page("/automations/<row_id:automation_id>/test", "automations:manage")
def try_automation(automation_id: int):
    """Show the newest events of its type, and what the automation would do for the one that is chosen."""
    place = g.organization_id, automation_id
    tried, newest = None, []
    with report() as session:
        automation = registration.get(session, *place)
        try:
            newest = trial.newest(session, *place, TRIED_EVENTS)
            if chosen := _event_id():
                tried = trial.with_event(session, *place, chosen)
        except Refusal as refused:
            g.refused = refused
    return render_template(
        "automation_trial.html", automation=automation, newest=newest, tried=tried, written=written, operator=operator
    )


def operator(op: str) -> str:
    """Return the words for how a condition compares."""
    return {
        Op.IS: _("is"), Op.IS_NOT: _("is not"), Op.CONTAINS: _("contains"), Op.AT_LEAST: _("is at least"),
        Op.AT_MOST: _("is at most"), Op.IN: _("is one of"),
    }[Op(op)]  # fmt: skip


def _operators(fields: Mapping[str, FieldType]) -> dict[str, list[tuple[str, str]]]:
    """Return how each field may be compared; a row that was just added shows the first field."""
    known = {name: [(op.value, operator(op)) for op in OPS[kind]] for name, kind in fields.items()}
    return known | {"": next(iter(known.values()))}


def _event_id() -> UUID | None:
    try:
        return UUID(request.args.get("event", ""))
    except ValueError:
        return None


def _form(drawn: Drawn, automation_id: int | None) -> str:
    """Draw the form; an action that the user may not have done is shown with the permission that is missing."""
    fields = TRIGGERS[drawn.event].fields
    return render_template(
        "automation_form.html",
        drawn=drawn,
        automation_id=automation_id,
        triggers=[(name, name) for name in sorted(TRIGGERS)],
        told=says(drawn.event),
        fields=[(name, name) for name in fields],
        operators=_operators(fields),
        actions=all_actions(),
        action_names=[(name, name) for name in sorted(all_actions())],
        says=lambda action: gettext(action.told),
        lacking=[one for one in all_actions().values() if not g.caller.may(one.permission)],
        placeholders=catalogue.names(drawn.event if drawn.by == automation_form.EVENT else None),
        kinds=[kind.name for kind in submittable() if g.caller.may(kind.permission)],
        most=MAX_ACTIONS,
    )
