"""Waiting well: version tags, when to come again, long polls and event streams, for whatever is a job."""

import os
import re
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from math import ceil
from typing import Any

from flask import Response, g, request
from marshmallow import Schema
from sqlalchemy.orm import Session

import settings
from api.http import exact_json
from api.http.blueprint import Blueprint
from api.http.problems import unavailable
from api.jobs.subscribers import State, TooManyListeners, listeners
from db.models import Job
from db.transaction import transaction
from domain.jobs.lifecycle import FINISHED
from domain.jobs.monitoring import explanation

# Finds a job of an organization, or raises what is answered 404.
Find = Callable[[Session, int, int], Job]
STREAM = "text/event-stream"
WAIT = re.compile(r"(?:^|[,;\s])wait=([0-9]{1,4})(?=$|[,;\s])")
LONGEST_PAUSE = 60
# A long poll holds a thread, so only half of them may; whoever finds none free is answered at once.
_places = threading.Semaphore(max(1, settings.current().api_threads // 2))
HEADERS = {
    "ETag": {"schema": {"type": "string"}, "description": "Other whenever anything but durationMs is"},
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds, by the backlog and its drain rate"},
}
IF_NONE_MATCH = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}
LAST_EVENT_ID = {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}}
PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "wait=20: answer when it has ended (with If-None-Match: has changed), or after so many seconds",
    "schema": {"type": "string"},
}


def documented(api: Blueprint) -> Callable[[Callable], Callable]:
    """Return the decorator that documents what `answer` honours."""
    unchanged = api.alt_response(304, description="As the caller knows it")
    return lambda view: unchanged(api.doc(parameters=[PREFER, IF_NONE_MATCH])(view))


def documented_stream(api: Blueprint) -> Callable[[Callable], Callable]:
    """Return the decorator that documents what `events` honours."""
    stream = api.response(200, {"type": "string"}, content_type=STREAM, description="data: is the state")
    nothing_more = api.alt_response(204, description="It has ended, and the caller knows")
    return lambda view: stream(nothing_more(api.doc(parameters=[LAST_EVENT_ID])(view)))


def described(schema: Schema) -> Callable[[Any], State]:
    """Return what makes a listener's state of a job's row, in the words of `schema`."""

    def describe(row: Any) -> State:
        document = schema.dump(row)
        text = exact_json.dumps(document)
        steady = exact_json.dumps({name: value for name, value in document.items() if name != "durationMs"})
        version = sha256(steady.encode()).hexdigest()[:16]
        return State(version, row.status.lower(), text, row.status in FINISHED)

    return describe


def answer(find: Find, job_id: int, schema: Schema) -> Response:
    """Return the job in the words of `schema`, when the caller's preferences ask for it, or 304."""
    describe = described(schema)
    job = _read(find, job_id)
    state = describe(job)
    seconds = _seconds()
    waited = bool(seconds) and _waited(job_id, state, describe, seconds)
    if waited:
        job = _read(find, job_id)
        state = describe(job)
    response = Response(state.text, mimetype="application/json")
    if request.if_none_match.contains_weak(state.version):
        response = Response(status=304)
    response.set_etag(state.version, weak=True)  # durationMs differs
    if not state.final:
        response.headers["Retry-After"] = str(_pause(job))
    if waited:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def events(find: Find, job_id: int, schema: Schema) -> Response:
    """Return the stream of the job's states, beginning after the one that the caller saw last."""
    describe = described(schema)
    state = describe(_read(find, job_id))
    if request.method == "HEAD":
        return Response(mimetype=STREAM)
    seen = request.headers.get("Last-Event-ID")
    if state.final and seen == state.version:
        return Response(status=204)  # tells an EventSource not to come again
    if listeners.full:
        raise unavailable("no more event streams here now; poll instead")
    response = Response(mimetype=STREAM, headers={"X-Accel-Buffering": "no"})
    response.automatically_set_content_length = False
    if "gunicorn.socket" in request.environ and request.environ["SERVER_PROTOCOL"].startswith("HTTP/1"):
        request.environ[HANDED_OVER] = (job_id, seen, describe)
    else:
        response.response = listeners.stream(job_id, seen, describe)
    return response


HANDED_OVER = "counterfoil.handed_over"


def releasing(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application that hands streams over to the listeners, so that they hold no thread of gunicorn."""

    def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        head: tuple[Any, ...] = ()

        def start(*given: Any) -> Any:
            nonlocal head
            head = given
            return start_response(*given)

        body = application(environ, start)
        if HANDED_OVER not in environ:
            return body
        line = _taken_from(environ["gunicorn.socket"])
        status, headers, *_ = head
        lines = [f"HTTP/1.1 {status}", "Connection: close", *(f"{name}: {value}" for name, value in headers)]
        with suppress(OSError, TooManyListeners):  # gone, or others came first: an EventSource comes again
            line.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            listeners.add(line, *environ[HANDED_OVER])
        raise StopIteration  # gunicorn's own sign to close a connection without another word

    return run


def _taken_from(owner: socket.socket) -> socket.socket:
    """Return the connection of `owner`, which gets another one, to shut down and close in its place."""
    line = owner.dup()
    instead, end = socket.socketpair()
    with instead, end:
        os.dup2(instead.fileno(), owner.fileno(), inheritable=False)
    return line


def _read(find: Find, job_id: int) -> Job:
    with transaction() as session:
        return find(session, g.organization_id, job_id)


def _waited(job_id: int, state: State, describe: Callable[[Any], State], seconds: int) -> bool:
    """Wait until the job has ended, or is no longer as the caller knows it; return whether that was possible."""
    known = request.if_none_match.contains_weak(state.version)
    if state.final or (request.if_none_match and not known) or not _places.acquire(blocking=False):
        return False
    try:
        listeners.wait(job_id, state.version if known else None, describe, seconds)
        return True
    except TooManyListeners:
        return False
    finally:
        _places.release()


def _seconds() -> int:
    wish = WAIT.search(request.headers.get("Prefer", ""))
    return min(int(wish[1]), settings.current().http_timeout) if wish else 0


def _pause(job: Job) -> int:
    """Return after how many seconds a poll may tell something new."""
    with transaction() as session:
        expected = explanation.seconds_until_start(session, job)
    return max(1, min(ceil(expected or 0), LONGEST_PAUSE))
