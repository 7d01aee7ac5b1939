"""Of which trace this thread's work is (W3C Trace Context), and the spans of it, if somebody records them.

Without a recorder nothing is made: a caller's `traceparent` is only handed on, to the jobs that it leads to.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import MappingProxyType
from typing import Protocol

HEADER = "traceparent"
# Of a version to come more may follow; a comma would tell of a second header.
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^,]*)?")
# Sampled, and random: the flags that are known.
FLAGS = 0x03
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = "internal", "server", "client", "producer", "consumer"


class Span:
    """Where somebody records, an object that notes what is set; this one notes nothing."""

    def set(self, noted: Mapping[str, object]) -> None:
        """Note what the span is about: numbers and words of ours alone, nothing that anybody has sent."""

    def fail(self, kind: str) -> None:
        """Note that what the span is about has failed, and in which way."""


class Recorder(Protocol):
    """What `cli/otel.py` makes of spans; `since` and what `now` returns are its own."""

    def now(self) -> int: ...

    def span(
        self, name: str, kind: str, since: int | None, parent: str | None, links: Iterable[str], noted: Mapping
    ) -> AbstractContextManager: ...

    def statement(self, name: str) -> AbstractContextManager: ...


recorder: Recorder | None = None
UNTOLD = Span()
NOTHING = nullcontext(UNTOLD)
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_of_jobs: ContextVar[Mapping[int, str | None]] = ContextVar("traceparents of jobs", default={})  # noqa: B039


def read(header: str | None) -> str | None:
    """Return a caller's `traceparent`, in version 00; None if it is malformed, as if there were none."""
    match = TRACEPARENT.fullmatch(header or "")
    if not match:
        return None
    version, trace, span, flags, more = match.groups()
    if version == "ff" or (version == "00" and more) or not trace.strip("0") or not span.strip("0"):
        return None
    return f"00-{trace}-{span}-{int(flags, 16) & FLAGS:02x}"


def current() -> str | None:
    """Return the traceparent of what this thread does, None if it is of no trace."""
    return _current.get()


def of_job(job_id: int | None) -> str | None:
    """Return the traceparent of a job that this thread runs, maybe among others; or else the current one."""
    return _of_jobs.get().get(job_id or 0) or _current.get()


def trace_id(traceparent: str | None) -> str | None:
    """Return the id by which a trace is looked up."""
    return traceparent and traceparent[3:35]


@contextmanager
def within(traceparent: str | None) -> Iterator[Span]:
    """Have what this thread does be of that trace."""
    token = _current.set(traceparent)
    try:
        yield UNTOLD
    finally:
        _current.reset(token)


@contextmanager
def running(jobs: Mapping[int, str | None]) -> Iterator[None]:
    """Have what this thread does be for these jobs: of their trace, if they share one, else of that of their group."""
    token = _of_jobs.set(jobs)
    try:
        yield
    finally:
        _of_jobs.reset(token)


def shared(traceparents: Iterable[str | None]) -> str | None:
    """Return the traceparent of jobs that are of one trace, None if they are of several or of none."""
    found = list(traceparents)
    return found[0] if len({trace_id(one) for one in found}) == 1 else None


def now() -> int | None:
    """Return the moment at which a span may begin that is opened later, None if nobody records."""
    return recorder.now() if recorder else None


def span(
    name: str,
    kind: str = INTERNAL,
    since: int | None = None,
    parent: str | None = None,
    links: Iterable[str] = (),
    noted: Mapping[str, object] = MappingProxyType({}),
) -> AbstractContextManager:
    """Record what the block does, under `parent` or else the current span; what it owes and logs is of that trace."""
    if recorder is None:
        return NOTHING if parent is None else within(parent)
    return recorder.span(name, kind, since, parent, links, noted)


def statement(name: str) -> AbstractContextManager:
    """Record a statement of the current span, by a name that holds no value."""
    return NOTHING if recorder is None else recorder.statement(name)


def of_queue(operation: str, lane: str, jobs: int) -> dict[str, object]:
    """Return what a span notes of jobs on their way through a lane, by the conventions for messaging."""
    return {
        "messaging.system": "celery",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": lane,
        "messaging.batch.message_count": jobs,
    }
