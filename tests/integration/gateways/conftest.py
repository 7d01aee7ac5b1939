import socket
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

import settings
from tests.conftest import configure
from tests.integration.gateways.authority import Authority


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    before = settings.current()
    yield
    settings.use(before)


@pytest.fixture
def loopback() -> None:
    """Webhooks may go to this machine, without TLS."""
    configure(webhook_allow_http=1, webhook_allowed_networks="127.0.0.0/8,::1/128")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one authority that is trusted."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A resolver that knows what it is told: a name and its answers, the last of which stays."""
    known: dict[str, Iterator[list[str]]] = {}

    def getaddrinfo(host: str, port: Any, *_arguments: Any, **_options: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port or 0))
            for one in next(known[host])
        ]

    def know(name: str, *answers: list[str]) -> None:
        known[name] = chain(answers, repeat(answers[-1]))

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return know


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every address that somebody tries to connect to, which no packet leaves for."""
    tried: list[tuple[str, int]] = []

    def connect(_socket: socket.socket, address: tuple[str, int]) -> None:
        tried.append(address[:2])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried
