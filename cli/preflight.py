"""Whether the database and the broker can be used at all, said in one line before anything starts."""

import psycopg

from settings import ConfigurationError, settings, variable


def require_database(connections: int = 1) -> None:
    """Raise ConfigurationError unless DATABASE_URL leads to a database that has room for that many connections."""
    if not settings.database_url:
        raise ConfigurationError("set DATABASE_URL, for example postgresql://user:password@host:5432/database")
    try:
        with psycopg.connect(settings.database_url, connect_timeout=settings.connect_timeout) as connection:
            (allowed,) = connection.execute("SHOW max_connections").fetchone() or ("0",)
    except psycopg.Error as error:
        raise _unusable("database_url", error) from None
    if int(allowed) < connections:
        raise ConfigurationError(
            f"up to {connections} connections are wanted, but the server's max_connections is {allowed}:"
            " raise it, or run fewer processes and threads"
        )


def require_broker_url() -> None:
    """Raise ConfigurationError unless BROKER_URL is given; whether somebody answers there is not asked."""
    if not settings.broker_url:
        raise ConfigurationError("set BROKER_URL, for example redis://host:6379/0")


def require_broker() -> None:
    """Raise ConfigurationError unless BROKER_URL leads to a broker that lets us in."""
    require_broker_url()
    from kombu import Connection  # here, because the API never loads a broker client

    timeout = settings.broker_timeout
    options = {"socket_connect_timeout": timeout, "socket_timeout": timeout}
    over_redis = settings.broker_url.startswith("redis")
    try:
        with Connection(
            settings.broker_url, connect_timeout=timeout, transport_options=options if over_redis else {}
        ) as connection:
            connection.ensure_connection(max_retries=1, timeout=timeout)
    except Exception as error:  # each transport raises its own
        raise _unusable("broker_url", error) from None


def _unusable(name: str, error: Exception) -> ConfigurationError:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return ConfigurationError(f"{variable(name)} cannot be used: {reason[0]}")
