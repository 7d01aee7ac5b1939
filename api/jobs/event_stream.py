"""A job's states as Server-Sent Events, for a caller that follows it until it has ended."""

from collections.abc import Callable

from flask import Response, request
from marshmallow import Schema

from api.http.blueprint import Blueprint
from api.http.problems import over_quota, unavailable
from api.http.server import gives_away
from api.http.shares import PAUSE_S, asker
from api.jobs.state import Find, described, read
from api.jobs.subscribers import follow, subscribers
from domain.shares import OverShare

MEDIA_TYPE = "text/event-stream"
LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event received: the stream goes on after it. A browser sends it by itself.",
    "schema": {"type": "string"},
}


def documented(api: Blueprint) -> Callable[[Callable], Callable]:
    """Return the decorator that documents which headers and answers `events` has."""
    stream = api.response(
        200, {"type": "string"}, content_type=MEDIA_TYPE, description="Each event's data is the state as JSON."
    )
    nothing_more = api.alt_response(204, description="It has ended, and the caller has had the last event.")
    return lambda view: stream(nothing_more(api.doc(parameters=[LAST_EVENT_ID])(view)))


def events(find: Find, job_id: int, schema: Schema) -> Response:
    """Return the stream of the job's states, beginning after the one that the caller saw last."""
    describe = described(schema)
    state = describe(read(find, job_id))
    if request.method == "HEAD":
        return Response(mimetype=MEDIA_TYPE)
    seen = request.headers.get("Last-Event-ID")
    if state.final and seen == state.version:
        return Response(status=204)  # tells an EventSource not to come again
    organization_id = asker()
    try:
        subscribers().ask(organization_id)
    except OverShare as refused:
        if not refused.own:
            raise unavailable("this server carries no more event streams now; poll instead") from None
        told = "your organization has its share of the event streams that this server carries: poll instead"
        raise over_quota("event-streams", told, PAUSE_S) from None
    response = Response(mimetype=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
    response.automatically_set_content_length = False
    if not gives_away(lambda line: follow(line, organization_id, job_id, seen, describe)):
        response.response = subscribers().stream(organization_id, job_id, seen, describe)
    return response
