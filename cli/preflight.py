"""Whether the database and the broker can be used at all, said in one line before anything starts."""

import psycopg

import settings
from local.process import is_free
from settings import ConfigurationError, variable


def require_database(connections: int = 1, migrated: bool = True) -> None:
    """Raise ConfigurationError unless work can be done at DATABASE_URL, with that many connections.

    Only if `migrated` must the schema be there already.
    """
    if not settings.current().database_url:
        raise ConfigurationError("set DATABASE_URL, for example postgresql://user:password@host:5432/database")
    try:
        with psycopg.connect(
            settings.current().database_url, connect_timeout=settings.current().connect_timeout
        ) as connection:
            (allowed,) = connection.execute("SHOW max_connections").fetchone() or ("0",)
    except psycopg.Error as error:
        raise _unusable("database_url", error) from None
    if int(allowed) < connections:
        raise ConfigurationError(
            f"up to {connections} connections are wanted, but the server's max_connections is {allowed}:"
            " raise it, or run fewer processes and threads"
        )
    from db import condition
    from db.transaction import transaction

    try:
        with transaction() as session:
            condition.check(session, migrated)
    except condition.Unusable as error:
        raise ConfigurationError(str(error)) from None


def require_port(name: str, host: str, port: int) -> None:
    """Raise ConfigurationError unless a server can listen there."""
    if not is_free(host, port):
        raise ConfigurationError(f"{variable(name)}: {host}:{port} is taken, or no address of this machine")


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
