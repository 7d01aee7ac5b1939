"""Events: what has changed in the organization, newest first, and what each is about."""

import json
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from flask import g, render_template, request

from console.codes import N_
from console.lists import ROWS, after, listed
from console.pages import Pages
from console.subjects import subjects
from console.words import gettext
from db.transaction import report, transaction
from domain.errors import NotFound
from domain.events import feed
from domain.events.feed import Event
from domain.events.types import ALL, FAMILIES, TYPES, is_known

events_pages = Pages("events", __name__)
# What the types of events say, as their declaration has it.
TOLD = (
    N_("An invoice has its number."),
    N_("A credit note has its number."),
    N_("An unpaid invoice was marked as issued."),
    N_("No invoice or credit note comes of a request."),
    N_("A job of several steps has done them all."),
    N_("A job has failed, and is not tried again."),
    N_("A job was cancelled."),
    N_("All goods of a transfer have left."),
    N_("All goods of a transfer have arrived."),
    N_("All goods of a sale have left."),
    N_("All goods of a purchase have come in."),
    N_("A bill was read, and all of it is certain."),
    N_("A bill was read, and somebody has to look at what is not certain."),
    N_("A bill could not be read."),
    N_("A bill was approved and is booked."),
    N_("A bill was rejected."),
    N_("What was decided about a bill was taken back; it is booked no more."),
    N_("The relay has taken a mail for all of its recipients."),
    N_("The relay has refused a mail for good, for one recipient at least."),
    N_("A mailbox could not be read for one day, or for three."),
    N_("Somebody asked for this event to see that a webhook works."),
    N_("No delivery to a webhook has succeeded for one day, or for three."),
    N_("A webhook was disabled, as no delivery to it succeeded or its receiver said so."),
    N_("An automation was disabled, as its runs failed or whoever wrote it may act no more."),
)


class Row(NamedTuple):
    """An event of a list, whose place is its number."""

    id: int
    event: Event
    data: dict[str, Any]


@events_pages.page("/events", "events:read")
def list_events():
    """Show the events of a type, newest first; from now on events are told."""
    wanted = request.args.get("type", "")
    pattern = wanted if is_known(wanted) else ALL
    with transaction() as session:
        feed.open_stream(session, g.organization_id)
    with report() as session:
        found = feed.newest(session, g.organization_id, pattern, ROWS + 1, after())
    names = [(name, name) for name in sorted({*FAMILIES, *TYPES})]
    rows = listed(Row(one.sequence, one, read(one.data)) for one in found)
    return render_template("events.html", events=rows, names=names, subjects=subjects, reach=feed.REACH)


@events_pages.page("/events/<row_id:sequence>", "events:read")
def show_event(sequence: int):
    """Show one event: what it says, and what it is about."""
    with report() as session:
        event = feed.find(session, g.organization_id, sequence)
    if event is None:
        raise NotFound("there is no such event, or it is past its retention")
    data = read(event.data)
    return render_template("event.html", event=event, text=pretty(event), subjects=subjects(data), says=says)


def says(event_type: str) -> str:
    """Return what a type of event says, in the language of the reader; nothing of one that is unknown by now."""
    return gettext(TYPES[event_type]) if event_type in TYPES else ""


def read(text: str) -> Any:
    """Return what JSON says, its numbers exact."""
    return json.loads(text, parse_float=Decimal)


def pretty(event: Event) -> str:
    """Return the event as it is sent, on lines of its own."""
    return written(read(event.text()))


def written(value: Any) -> str:
    """Return a value as JSON on lines of its own, its numbers as they were told."""
    exact = orjson.dumps(value, default=lambda number: orjson.Fragment(str(number)), option=orjson.OPT_INDENT_2)
    return exact.decode()
