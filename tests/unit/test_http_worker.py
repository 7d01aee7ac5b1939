"""Connections leave the worker at any time: threads give them to whoever follows a job."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from cli.http.connection import Connection
from cli.http.turns import Callers
from cli.http.worker import BufferedWorker


class Leaving:
    """A connection; while it is looked at, a thread gives it away."""

    caller, idle = None, False

    def __init__(self, connections: dict[int, Any], number: int) -> None:
        self._connections, self._number = connections, number
        connections[number] = self

    @property
    def held_bytes(self) -> int:
        self._connections.pop(self._number, None)
        return 2**40

    @property
    def deadline(self) -> float:
        self._connections.pop(self._number, None)
        return 0.0

    def expire(self) -> None:
        self._connections.pop(self._number, None)

    close = expire


@pytest.fixture
def worker() -> BufferedWorker:
    made = BufferedWorker.__new__(BufferedWorker)
    made._connections, made.notify = {}, lambda: None
    for number in range(3):
        Leaving(made._connections, number)
    return made


@pytest.mark.parametrize("look", [BufferedWorker._look, BufferedWorker._lighten, BufferedWorker._make_room])
def test_a_look_at_all_connections_goes_on_while_they_leave(look: Any, worker: BufferedWorker) -> None:
    look(worker)
    assert worker._connections == {}


def test_who_is_known_by_a_cookie_shares_no_turns_with_strangers() -> None:
    worker = SimpleNamespace(callers=Callers(), cfg=Config(), max_body_bytes=1000, request_timeout=1.0)

    def asked(*headers: str, address: str = "192.0.2.1") -> Connection:
        made = Connection(worker, socket.socket(), (address, 1), ("127.0.0.1", 8000))  # type: ignore[arg-type]
        made._arrival.feed("\r\n".join(["GET /console/ HTTP/1.1", "Host: books.example", *headers, "", ""]).encode())
        return made

    asked("Cookie: session=ada")._note_caller(7)
    asked("Authorization: Bearer key")._note_caller(8)
    assert asked("Cookie: session=ada").caller == 7
    assert asked("Authorization: Bearer key").caller == 8
    for headers in ((), ("Cookie: session=eve",), ("Authorization: Bearer other",)):
        assert asked(*headers).caller == "192.0.2.1"
