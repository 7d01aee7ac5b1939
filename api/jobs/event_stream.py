"""A job's states as Server-Sent Events, for a caller that follows it until it has ended."""

from collections.abc import Callable

from flask import Response, request
from marshmallow import Schema

from api.http.blueprint import Blueprint
from api.http.shares import asker
from api.http.subscribers import LAST_EVENT_ID, MEDIA_TYPE, streamed
from api.jobs.state import Find, Follower, described, read


def documented(api: Blueprint) -> Callable[[Callable], Callable]:
    """Return the decorator that documents which headers and answers `events` has."""
    stream = api.response(
        200, {"type": "string"}, content_type=MEDIA_TYPE, description="Each event's data is the state as JSON."
    )
    nothing_more = api.alt_response(204, description="It has ended, and the caller has had the last event.")
    return lambda view: stream(nothing_more(api.honours(LAST_EVENT_ID)(view)))


def events(find: Find, job_id: int, schema: Schema) -> Response:
    """Return the stream of the job's states, beginning after the one that the caller saw last."""
    describe = described(schema)
    state = describe(read(find, job_id))
    if request.method == "HEAD":
        return Response(mimetype=MEDIA_TYPE)
    seen = request.headers.get("Last-Event-ID")
    if state.final and seen == state.version:
        return Response(status=204)  # tells an EventSource not to come again
    return streamed(asker(), Follower(job_id, seen, describe))
