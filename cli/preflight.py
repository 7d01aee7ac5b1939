"""Whether the database and the broker can be used at all, said in one line before anything starts."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

import settings
from local.process import is_free
from settings import ConfigurationError, variable

log = logging.getLogger(__name__)


def require_database(connections: int = 1) -> None:
    """Raise ConfigurationError unless a part can work at DATABASE_URL, with that many connections.

    Warn of a role that may do more than a part needs.
    """
    _require_address()
    from db import condition
    from db.engine import connect_arguments
    from db.transaction import transaction

    with _connected("database_url", autocommit=True, **connect_arguments()) as connection:
        pid = _require_connections(connection, connections)
        try:
            with transaction() as session:
                condition.require_session(session, pid)
                condition.check(session)
                excess = condition.excess(session)
        except condition.Unusable as error:
            raise ConfigurationError(str(error)) from None
    if excess:
        log.warning(
            "the role of DATABASE_URL may %s: give the parts a role of their own, and the owner's address to"
            " `counterfoil migrate` alone, as %s",
            ", ".join(excess),
            variable("database_owner_url"),
        )


def require_master_keys() -> None:
    """Raise ConfigurationError unless this process has each master key that a data key in the database needs."""
    from db.transaction import transaction
    from domain import master_keys

    with transaction() as session:
        lacking = master_keys.coverage(session).lacking
    if lacking:
        raise ConfigurationError(
            f"{variable('master_keys')} lacks master keys that data keys need: {master_keys.told(lacking)};"
            " put them there, behind the first one if that is new"
        )


def require_storage() -> None:
    """Raise ConfigurationError if no file could ever be written to the storage; warn of one that is away now."""
    from gateways import storage

    if not storage.is_set():
        return
    try:
        storage.probe()
    except storage.Misconfigured as error:
        raise ConfigurationError(f"{variable('storage_url')}: {error}") from None
    except storage.Unavailable as error:
        log.warning("files are refused until the storage works: %s", error)


def require_mail() -> None:
    """Raise ConfigurationError if mails are to be sent and cannot be, as an address or the relay's URL is none.

    Whether the relay answers is not asked: mails wait for it.
    """
    from domain.mail import addresses
    from gateways import smtp

    if settings.current().mail_from:
        addresses.sender(settings.current().mail_from)
    if settings.current().smtp_url:
        smtp.relay(settings.current().smtp_url)


def require_answer() -> None:
    """Raise ConfigurationError unless the database of DATABASE_URL opens a session."""
    _require_address()
    from db.engine import connect_arguments

    with _connected("database_url", **connect_arguments()):
        pass


def require_owner() -> None:
    """Raise ConfigurationError unless the schema can be changed at DATABASE_OWNER_URL, or else at DATABASE_URL."""
    _require_address()
    name = "database_owner_url" if settings.current().database_owner_url else "database_url"
    from db import condition

    with _connected(name, connect_timeout=settings.current().connect_timeout) as connection:
        try:
            condition.check(connection, migrated=False)
        except condition.Unusable as error:
            raise ConfigurationError(str(error)) from None


def _require_address() -> None:
    if not settings.current().database_url:
        raise ConfigurationError("set DATABASE_URL, for example postgresql://user:password@host:5432/database")


@contextmanager
def _connected(name: str, **arguments: Any) -> Iterator[psycopg.Connection]:
    """Open a session at the address that the setting `name` gives; raise ConfigurationError if it leads nowhere."""
    try:
        connection = psycopg.connect(getattr(settings.current(), name), **arguments)
    except psycopg.Error as error:
        refusal = _unusable(name, error)
        if "startup parameter" in str(refusal):
            raise ConfigurationError(
                f"{refusal}: a pooler takes no settings for a session; the address must lead to PostgreSQL itself"
            ) from None
        raise refusal from None
    with connection:
        yield connection


def _require_connections(connection: psycopg.Connection, wanted: int) -> int:
    """Return the process of the server that answered: a pooler tells another one when it is connected to."""
    question = "SELECT current_setting('max_connections'), pg_backend_pid()"
    allowed, pid = connection.execute(question).fetchone() or ("0", 0)
    if int(allowed) < wanted:
        raise ConfigurationError(
            f"up to {wanted} connections are wanted, but the server's max_connections is {allowed}:"
            " raise it, or run fewer processes and threads"
        )
    return pid


def require_port(name: str, host: str, port: int) -> None:
    """Raise ConfigurationError unless a server can listen there."""
    if not is_free(host, port):
        raise ConfigurationError(f"{variable(name)}: {host}:{port} is taken, or no address of this machine")


def require_listener(number: int) -> None:
    """Raise ConfigurationError unless the open file of that number is a socket that listens."""
    try:
        with socket.socket(fileno=os.dup(number)) as listener:
            if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return
    except OSError:
        pass
    raise ConfigurationError(f"--fd {number}: this process was handed no socket of that number that listens")


def require_broker_url() -> None:
    """Raise ConfigurationError unless BROKER_URL is given; whether somebody answers there is not asked."""
    if not settings.current().broker_url:
        raise ConfigurationError("set BROKER_URL, for example redis://host:6379/0")


def require_broker() -> None:
    """Raise ConfigurationError unless BROKER_URL leads to a broker that lets us in."""
    require_broker_url()
    from kombu import Connection  # here, because the API never loads a broker client

    timeout = settings.current().broker_timeout
    options = {"socket_connect_timeout": timeout, "socket_timeout": timeout}
    over_redis = settings.current().broker_url.startswith("redis")
    try:
        with Connection(
            settings.current().broker_url, connect_timeout=timeout, transport_options=options if over_redis else {}
        ) as connection:
            connection.ensure_connection(max_retries=1, timeout=timeout)
    except Exception as error:  # each transport raises its own
        raise _unusable("broker_url", error) from None


def _unusable(name: str, error: Exception) -> ConfigurationError:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return ConfigurationError(f"{variable(name)} cannot be used: {reason[0]}")
