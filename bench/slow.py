"""What a normal caller waits beside clients that send a byte a second and clients that do not read."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import requests

from bench.backlog import Workload
from bench.idle import percentiles
from bench.machine import Machine
from bench.order import Api
from bench.table import row
from db.transaction import transaction
from domain.identity import keys

SENDERS, READERS = 200, 200
REQUESTS, WARM_UP, TIMEOUT_S = 600, 50, 30
SETTLE_S = 3.0
PATH, LARGE = "/api/v1/invoice-requests", "/docs/swagger-ui-bundle.js"
POST = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
BODY = "Content-Length: 1000\r\n\r\n"


def measure(machine: Machine) -> dict:
    """Return p50 and p99 in ms of single invoice requests, alone and beside those that hang."""
    print("slow: a caller alone, then beside those that hang ...", flush=True)
    work = Workload(1)
    with transaction() as session:
        key = keys.create(session, work.organization_id, "bench").secret
    with machine.running(("cli", "api")):
        body = json.dumps(Api(machine, key).invoice(work)).encode()
        alone = waits(machine.api_port, key, body)
        with hanging(machine.api_port, key):
            time.sleep(SETTLE_S)
            beside = waits(machine.api_port, key, body)
    for name, figure in (("alone", alone), ("beside", beside)):
        print(f"{name}: p50 {figure['p50']:.1f} ms, p99 {figure['p99']:.1f} ms", flush=True)
    return {"alone": alone, "beside": beside}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    beside, alone = figures["beside"], figures["alone"]
    return [
        row(
            f"{SENDERS} slow senders and {READERS} slow readers: a normal caller's p99 / alone",
            beside["p99"] / alone["p99"],
            most=2,
        )
    ]


def waits(port: int, key: str, body: bytes) -> dict[str, float]:
    """Return the percentiles in ms of requests one after another, each of which must be accepted."""
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    times = []
    for _ in range(WARM_UP + REQUESTS):
        started = time.perf_counter()
        answer = session.post(f"http://127.0.0.1:{port}{PATH}", body, timeout=TIMEOUT_S)
        times.append(1000 * (time.perf_counter() - started))
        if answer.status_code != 201:
            raise AssertionError(f"not accepted: {answer.status_code} {answer.text}")
    return percentiles(times[WARM_UP:])


@contextmanager
def hanging(port: int, key: str) -> Iterator[None]:
    """Keep the slow senders and the slow readers there until the block ends; whoever is cut off comes again."""
    begun = ["G", "POST ", POST, POST + BODY, f"{POST}Authorization: Bearer {key}\r\n{BODY}"]
    senders = [begun[number % len(begun)] for number in range(SENDERS)]
    readers = [f"GET {LARGE} HTTP/1.1\r\nHost: bench\r\n\r\n"] * READERS
    over = threading.Event()
    threads = [
        threading.Thread(target=_hang, args=(port, [*senders], b"x", over)),
        threading.Thread(target=_hang, args=(port, readers, b"", over)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _hang(port: int, begun: Sequence[str], byte: bytes, over: threading.Event) -> None:
    """Begin as `begun` says, then send a byte a second on each connection, until it is over."""
    lines = [_connected(port, text) for text in begun]
    while not over.wait(1):
        for number, line in enumerate(lines):
            try:
                line.send(byte)
                ended = not byte and _was_closed(line)
            except BlockingIOError:
                ended = False
            except OSError:
                ended = True
            if ended:
                line.close()
                lines[number] = _connected(port, begun[number])
    for line in lines:
        line.close()


def _connected(port: int, text: str) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(TIMEOUT_S)
    with suppress(OSError):
        line.connect(("127.0.0.1", port))
        line.sendall(text.encode())
    line.setblocking(False)
    return line


def _was_closed(line: socket.socket) -> bool:
    """Return whether a client that does not read could know that it was cut off: a reset leaves an error."""
    return line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
