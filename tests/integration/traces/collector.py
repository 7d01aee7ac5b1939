"""A collector of OTLP over HTTP, as good or as bad as a test wants it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.waiting import wait_until

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")


class Told(NamedTuple):
    """A span as the collector got it; `service` is who told it, `links` are ids of spans."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    links: list[str]
    noted: dict[str, Any]
    failed: bool


class Collector:
    """What was told. `answer` is called for each request, with its handler."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.bodies: list[bytes] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(answer))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handler(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.bodies.append(body)
                answer(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Told]:
        return [span for body in self.bodies.copy() for span in read(body)]

    def wait_for(self, *names: str, trace_id: str, timeout: float = 30) -> list[Told]:
        """Return the spans of a trace, once those of all `names` are there."""

        def of_trace() -> list[Told]:
            found = [one for one in self.spans() if one.trace_id == trace_id]
            return found if {one.name for one in found} >= {*names} else []

        return wait_until(of_trace, timeout, f"{names} were not told: {[one.name for one in self.spans()]}")


def read(body: bytes) -> Iterator[Told]:
    for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _noted(of_resource.resource.attributes)["service.name"]
        for of_scope in of_resource.scope_spans:
            for one in of_scope.spans:
                ids = (one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex())
                links = [link.span_id.hex() for link in one.links]
                noted = _noted(one.attributes)
                yield Told(service, one.name, KINDS[one.kind], *ids, links, noted, one.status.code == 2)


def _noted(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def takes(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def talks_nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\xff nonsense" * 1000)


def refuses(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(503)


@contextmanager
def collector(answer: Callable[[BaseHTTPRequestHandler], None] = takes) -> Iterator[Collector]:
    one = Collector(answer)
    yield one
    one.close()


@contextmanager
def hanging_collector() -> Iterator[Collector]:
    """Give a collector that takes what it is sent and never answers."""
    end = threading.Event()
    with collector(lambda _: end.wait() and None) as one:
        yield one
        end.set()
