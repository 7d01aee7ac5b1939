"""OpenTelemetry's SDK behind `db/traces.py`. Nothing waits for the collector but the end of a process, a little."""

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import Any

import psycopg
from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from sqlalchemy import Engine, event

from db import traces

# At its end a process waits so long for the collector to take the last spans.
END_S = 3.0
TABLE_OF = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+([a-z_]+)")
SPAN = "counterfoil.span"
_ending, _ended = threading.Event(), threading.Event()


class Noting(traces.Span):
    """Notes in a span of the SDK."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def set(self, noted: Mapping[str, object]) -> None:
        self._span.set_attributes(_attributes(noted))

    def fail(self, kind: str) -> None:
        # Without a description: an error's words may be a customer's.
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)


class Recorder:
    """Makes spans of a provider of the SDK."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("counterfoil", version("counterfoil"))

    def now(self) -> int:
        """Return the time as spans have it."""
        return time.time_ns()

    @contextmanager
    def span(
        self,
        name: str,
        kind: str,
        since: int | None,
        parent: str | None,
        links: Iterable[str],
        noted: Mapping[str, object],
    ) -> Iterator[traces.Span]:
        """Record what the block does under `parent` or the current traceparent, which is that of the span meanwhile."""
        span = self._tracer.start_span(
            name,
            _context(parent or traces.current()),
            SpanKind[kind.upper()],
            _attributes(noted),
            [Link(_read(one)) for one in links],
            since,
        )
        noting = Noting(span)
        token = contexts.attach(set_span_in_context(span))
        try:
            with traces.within(_written(span.get_span_context())):
                yield noting
        except BaseException as error:
            noting.fail(type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            span.end()

    def statement(self, name: str) -> AbstractContextManager:
        """Record a statement, if the current span is recorded: what parts ask all the time by themselves is not."""
        return self._statement(name) if get_current_span().is_recording() else traces.NOTHING

    @contextmanager
    def _statement(self, name: str) -> Iterator[None]:
        span = self.start_statement(name)
        try:
            yield
        except BaseException as error:
            fail_statement(span, error)
            raise
        finally:
            span.end()

    def start_statement(self, name: str) -> Span:
        noted = {"db.system.name": "postgresql", "db.query.summary": name}
        return self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=noted)


def fail_statement(span: Span, error: BaseException) -> None:
    """Note how a statement has failed: by the server's code, not by its words, which may quote a row."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    span.set_attribute("error.type", state or type(error).__name__)
    span.set_status(StatusCode.ERROR)


def start(part: str) -> None:
    """Record spans from now on and send them by a thread of its own, as the OTEL_ variables say; full queues drop."""
    provider = TracerProvider(resource=_resource(part), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    recorder = traces.recorder = Recorder(provider)
    _watch_models(recorder)
    # Made now: none can be made any more as the interpreter ends.
    threading.Thread(target=_end, args=(provider,), name="traces", daemon=True).start()


def end() -> None:
    """Have the last spans sent, and return after END_S even if they are not."""
    _ending.set()
    _ended.wait(END_S)


def _end(provider: TracerProvider) -> None:
    _ending.wait()
    provider.shutdown()
    _ended.set()


def _resource(part: str) -> Resource:
    given = Resource.create()
    named = not str(given.attributes[SERVICE_NAME]).startswith("unknown_service")
    own = {} if named else {SERVICE_NAME: f"counterfoil-{part}"}
    return given.merge(Resource({SERVICE_VERSION: version("counterfoil"), **own}))


def _watch_models(recorder: Recorder) -> None:
    """Record the statements that SQLAlchemy writes, each by its verb and table."""

    def begin(_line: Any, _cursor: Any, text: str, _parameters: Any, context: Any, _many: bool) -> None:
        if context is not None and get_current_span().is_recording():
            table = TABLE_OF.search(text)
            name = " ".join(filter(None, (text.split(maxsplit=1)[0], table and table[1])))
            context.execution_options = context.execution_options.union({SPAN: recorder.start_statement(name)})

    def finish(_line: Any, _cursor: Any, _text: str, _parameters: Any, context: Any, _many: bool) -> None:
        if context is not None and (span := context.execution_options.get(SPAN)):
            span.end()

    def fail(failed: Any) -> None:
        context = failed.execution_context
        if context is not None and (span := context.execution_options.get(SPAN)):
            fail_statement(span, failed.original_exception)
            span.end()

    event.listen(Engine, "before_cursor_execute", begin)
    event.listen(Engine, "after_cursor_execute", finish)
    event.listen(Engine, "handle_error", fail)


def _attributes(noted: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in noted.items() if value is not None}


def _context(traceparent: str | None) -> Context:
    """Return the context in which spans are children of `traceparent`: an empty one if there is none."""
    return set_span_in_context(NonRecordingSpan(_read(traceparent)), Context()) if traceparent else Context()


def _read(traceparent: str) -> SpanContext:
    _, trace, span, flags = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def _written(span: SpanContext) -> str:
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags & traces.FLAGS:02x}"
