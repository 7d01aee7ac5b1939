"""What has changed, in order: read in pages, waited for, or followed."""

import random
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, g, request
from marshmallow import fields
from sqlalchemy.orm import Session

import settings
from api.http.blueprint import Blueprint
from api.http.bodies.events import EVENT_TYPES, EventType
from api.http.fields import LARGEST_ID, Instant, Whole
from api.http.pagination import LINK, pages
from api.http.preferences import preferred_wait
from api.http.problems import invalid
from api.http.schema import CamelSchema, Query
from api.http.shares import asker
from api.http.subscribers import LAST_EVENT_ID, MEDIA_TYPE, News, Subscriber, streamed, waited
from db.transaction import transaction
from domain.events import feed
from domain.events.feed import Event
from domain.events.types import ALL, TYPES, matches

events_api = Blueprint(
    "events",
    __name__,
    description="What has changed in your organization, in order and without a gap. Webhooks send the same events.",
    url_prefix="/api/v1/events",
)
DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
SEQUENCE = re.compile("[0-9]{1,18}")
# Of a stream: so many events are read at a time, for so many of an organization's places beside the last.
# A client has room for these bytes, or is cut off.
AT_ONCE, PLACES, BYTES_AT_ONCE = 500, 4, 32 * 1024
PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=20` holds an empty answer back until there is an event, at most 20 seconds.",
    "schema": {"type": "string"},
}


class EventPage(Query):
    after = Whole(
        0,
        LARGEST_ID,
        query=True,
        load_default=feed.FIRST,
        description="The `sequence` of the last event you have read.",
    )
    type = EventType(load_default=ALL, description=f"All by default. {EVENT_TYPES}")
    limit = Whole(
        1, MAX_LIMIT, query=True, load_default=DEFAULT_LIMIT, description="How many events a page has at the most."
    )


class EventShown(CamelSchema):
    """Something that has changed. `sequence` counts your organization's events: 1, 2, 3, without a gap."""

    id = fields.UUID()
    type = fields.String(
        metadata={"examples": list(TYPES), "description": "More types may come: ignore what you do not know."}
    )
    sequence = fields.Integer()
    created_at = Instant()
    organization_id = fields.Integer()
    data = fields.Dict(metadata={"description": "What the event is about; its fields depend on the type."})


@events_api.route("", "events:read")
@events_api.arguments(EventPage(), location="query")
@events_api.response(200, EventShown(many=True), headers=LINK)
@events_api.honours(PREFER)
@events_api.refuses(409, 410)
def list_events(query: dict[str, Any]) -> Response:
    """List events, oldest first.

    Events are told from the first time that you ask for them here, or create a webhook; what happened before is not
    told. Ask again with `after`, the `sequence` of the last event that you have read. They are kept for 30 days unless
    your operator says otherwise; a 410 says which are gone. A 409 says that there is no such event yet: the database
    was restored, and numbers come again.
    """
    found = _read(query)
    seconds = min(preferred_wait(), settings.current().http_timeout)
    follower = Follower(g.organization_id, query["after"], query["type"])
    has_waited = bool(seconds) and not found and waited(follower, seconds)
    if has_waited:
        found = _read(query)
    response = pages(((event.sequence, event.text()) for event in found), query["limit"], "after")
    if has_waited:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


@events_api.route("/stream", "events:read")
@events_api.arguments(EventPage(only=("after", "type")), location="query")
@events_api.response(
    200, {"type": "string"}, content_type=MEDIA_TYPE, description="Each event's data is the event as JSON."
)
@events_api.honours({**LAST_EVENT_ID, "schema": {"type": "string", "pattern": f"^({SEQUENCE.pattern})?$"}})
@events_api.refuses(409, 410)
def follow_events(query: dict[str, Any]) -> Response:
    """Follow events as they come, after one that you name.

    The stream is Server-Sent Events, named after their type; an event's id is its `sequence`. It ends after ten minutes
    at the latest, and a browser connects again by itself.
    """
    after = _last_seen(query["after"])
    _read({**query, "after": after, "limit": 1})
    if request.method == "HEAD":
        return Response(mimetype=MEDIA_TYPE)
    return streamed(asker(), Follower(g.organization_id, after, query["type"]))


def _last_seen(after: int) -> int:
    last = request.headers.get("Last-Event-ID")
    if not last:
        return after
    if not SEQUENCE.fullmatch(last):
        raise invalid({"Last-Event-ID": ["must be the sequence of an event"]})
    return int(last)


@dataclass(eq=False)
class Follower(Subscriber):
    """Is sent each event of an organization after the one it has `seen`, of the types that `pattern` names."""

    organization_id: int
    seen: int
    pattern: str

    @classmethod
    def look(cls, session: Session, some: "Collection[Follower]") -> "Mapping[Follower, list[Event]]":
        """Return the next events for each: those of an organization that have seen the same read them once."""
        known = feed.streams(session, {follower.organization_id for follower in some})
        behind: dict[tuple[int, int], list[Follower]] = defaultdict(list)
        for one in some:
            if one.organization_id in known and known[one.organization_id].last_sequence > one.seen:
                behind[one.organization_id, one.seen].append(one)
        chosen = _some_places(behind)
        read = {place: feed.following(session, *place, ALL, AT_ONCE) for place in chosen}
        return {one: read[place] for place in chosen for one in behind[place]}

    def news(self, found: list[Event] | None) -> News:
        """Return the events, of its types alone."""
        data = b""
        for event in found or ():
            if len(data) > BYTES_AT_ONCE:
                break
            self.seen = event.sequence
            data += _sent(event) if matches([self.pattern], event.type) else b""
        return News(data)


def _some_places(behind: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the last place of each organization and a few of its others: whoever is far behind holds up nobody."""
    of: dict[int, list[int]] = defaultdict(list)
    for organization_id, seen in behind:
        of[organization_id].append(seen)
    chosen = {one: {max(seen), *random.sample(seen, min(len(seen), PLACES))} for one, seen in of.items()}
    return [(organization_id, seen) for organization_id, places in chosen.items() for seen in places]


def _sent(event: Event) -> bytes:
    return f"id: {event.sequence}\nevent: {event.type}\ndata: {event.text()}\n\n".encode()


def _read(query: dict[str, Any]) -> list[Event]:
    with transaction() as session:
        feed.open_stream(session, g.organization_id)
        return feed.after(session, g.organization_id, query["after"], query["type"], query["limit"] + 1)
