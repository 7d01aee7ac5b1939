"""Whether anybody gets in without a password: each door is tried, from this machine and by its outside address."""

import ipaddress
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

import settings
from db.engine import address
from domain.doctor.findings import Finding, ok, warning, wrong

# Nothing is sent there: it shows by which address this machine reaches others (RFC 5737).
ANOTHER_MACHINE = ("192.0.2.1", 9)
NO_FILE = "/nonexistent"


class Door(NamedTuple):
    """A service at a host, and how to get in without a password."""

    service: str
    host: str
    lets_in: Callable[[], bool]


def open_doors() -> Finding:
    """Which of database, broker and Flower let in whoever comes; the API always asks for a key."""
    doors = list(_doors())
    opened = [door for door in doors if door.lets_in()]
    if outside := [door for door in opened if not _is_loopback(door.host)]:
        return wrong(
            f"without a password one gets into {_named(outside)}",
            "Give each a password, or have it listen on 127.0.0.1 alone.",
        )
    if opened:
        return warning(
            f"without a password programs of this machine get into {_named(opened)}", "Give each a password."
        )
    return ok(f"tried without a password, in vain: {_named(doors) or 'nothing that has an address'}")


def own_address() -> str | None:
    """Return the address by which other machines see this one, None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect(ANOTHER_MACHINE)
        except OSError:
            return None
        return line.getsockname()[0]


def _doors() -> Iterator[Door]:
    for host, port in _database_servers():
        yield from _each_way("the database", host, partial(_database_lets_in, port))
    broker = urlsplit(settings.current().broker_url)
    if broker.scheme.startswith("redis") and broker.hostname:
        yield from _each_way("the broker", broker.hostname, _broker_lets_in)
    if own := own_address():  # on loopback Flower needs no password
        yield Door("Flower", own, lambda: _flower_lets_in(own))


def _each_way(service: str, host: str, lets_in: Callable[[str], bool]) -> Iterator[Door]:
    yield Door(service, host, lambda: lets_in(host))
    if _is_loopback(host) and (own := own_address()):
        yield Door(service, own, lambda: lets_in(own))


def _database_servers() -> Iterator[tuple[str, str]]:
    """Yield host and port of each server of DATABASE_URL that is reached over TCP."""
    given = address() if settings.current().database_url else {}
    hosts, ports = str(given.get("host", "")).split(","), str(given.get("port", "5432")).split(",")
    pairs = zip(hosts, ports * len(hosts) if len(ports) == 1 else ports, strict=True)
    yield from ((host, port) for host, port in pairs if host and not host.startswith("/"))


def _database_lets_in(port: str, host: str) -> bool:
    nothing = {"password": "", "passfile": NO_FILE, "target_session_attrs": "any"}
    place = {"host": host, "port": port, "connect_timeout": settings.current().connect_timeout}
    try:
        psycopg.connect(**address() | nothing | place).close()
    except psycopg.Error:
        return False
    return True


def _broker_lets_in(host: str) -> bool:
    broker, timeout = urlsplit(settings.current().broker_url), settings.current().broker_timeout
    try:
        with redis.Redis(
            host=host,
            port=broker.port or 6379,
            ssl=broker.scheme == "rediss",
            ssl_cert_reqs="none",
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _flower_lets_in(host: str) -> bool:
    place = f"http://{host}:{settings.current().flower_port}/"
    try:
        urllib.request.urlopen(place, timeout=settings.current().connect_timeout).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(one).is_loopback for one in found)


def _named(doors: list[Door]) -> str:
    return ", ".join(f"{door.service} at {door.host}" for door in doors)
