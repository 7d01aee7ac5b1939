"""An answer for a caller that polls: its version tag, when to come again, and a wait if the caller prefers one."""

from collections.abc import Callable
from math import ceil

from flask import Response, request
from marshmallow import Schema

import settings
from api.http.blueprint import Blueprint
from api.http.preferences import preferred_wait
from api.http.subscribers import waited
from api.jobs.state import Describe, Find, Follower, State, described, is_known, read
from db.models import Job
from db.transaction import transaction
from domain.jobs.monitoring import explanation

MAX_PAUSE_S = 60
HEADERS = {
    "ETag": {"schema": {"type": "string"}, "description": "Changes when any field except durationMs changes."},
    "Retry-After": {
        "schema": {"type": "integer"},
        "description": "Poll again after this many seconds, estimated from what waits. Absent once it has ended.",
    },
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an earlier answer: the answer is 304 while nothing has changed. Weak tags, lists, `*` "
    "and a suffix such as `-gzip`, which a compressing proxy adds, are understood.",
    "schema": {"type": "string"},
}
PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=20` holds the answer back until the job has ended, at most 20 seconds; with If-None-Match, "
    "until the job has changed.",
    "schema": {"type": "string"},
}


def documented(api: Blueprint) -> Callable[[Callable], Callable]:
    """Return the decorator that documents which headers `answer` honours."""
    unchanged = api.alt_response(304, description="Nothing has changed since the answer with that ETag.")
    return lambda view: unchanged(api.honours(PREFER, IF_NONE_MATCH)(view))


def answer(find: Find, job_id: int, schema: Schema) -> Response:
    """Return the job in the fields of `schema` as soon as the caller wants to hear of it, or 304."""
    describe = described(schema)
    job = read(find, job_id)
    state = describe(job)
    seconds = min(preferred_wait(), settings.current().http_timeout)
    has_waited = bool(seconds) and _waited(job_id, state, describe, seconds)
    if has_waited:
        job = read(find, job_id)
        state = describe(job)
    response = Response(status=304) if is_known(state) else Response(state.text, mimetype="application/json")
    response.set_etag(state.version, weak=True)  # durationMs differs
    if not state.final:
        response.headers["Retry-After"] = str(_pause(job))
    if has_waited:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def _waited(job_id: int, state: State, describe: Describe, seconds: int) -> bool:
    """Wait until the job has ended, or differs from what the caller knows; return whether that was possible."""
    known = is_known(state)
    if state.final or (request.if_none_match and not known):
        return False
    return waited(Follower(job_id, state.version if known else None, describe), seconds, to_end=not known)


def _pause(job: Job) -> int:
    """Return after how many seconds a poll may tell something new."""
    with transaction() as session:
        expected = explanation.seconds_until_start(session, job)
    return max(1, min(ceil(expected or 0), MAX_PAUSE_S))
