"""The supervisor's watch sees an api that takes connections and answers nothing."""

import socket
from types import SimpleNamespace

from local import client, watch
from local.client import Client
from local.watch import Watch
from tests.waiting import wait_until


def test_an_api_that_answers_nothing_is_among_those_that_hang(monkeypatch):
    """A look that gets no answer was taken for an api that starts again, so nothing that hung was ever found."""
    monkeypatch.setattr(client, "HTTP_TIMEOUT", 0.1)
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.01)
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        api = SimpleNamespace(pid=17)
        watching = Watch(Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "key"), api)
        wait_until(lambda: watching.hanging == {17}, 20, "it is not seen")
