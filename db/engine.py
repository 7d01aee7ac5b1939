"""One SQLAlchemy engine a process, made on first use and never carried over a fork."""

import os
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

import settings
from settings import ConfigurationError, Settings

# One for the thread of the subscribers, one to spare.
OVERFLOW = 2
# The plan of a prepared statement may be from when a table was empty; so many seconds it is kept.
PLANS_KEPT_S = 10.0
CRASH_SHUTDOWN = "57P02"
READ_ONLY = "25006"


_heard = threading.local()


def heard_of_crash() -> float:
    """Return when (monotonic clock) this thread was last told that another process of the server had crashed."""
    return getattr(_heard, "at", float("-inf"))


def engine() -> Engine:
    """Return this process's engine; a child of a fork gets one of its own."""
    return _engine_of(os.getpid(), settings.current())


def standby_engine() -> Engine | None:
    """Return the engine of the standby that reports may come from, None if there is none."""
    current = settings.current()
    return _standby_engine_of(os.getpid(), current) if current.read_database_url else None


def connections_per_process() -> int:
    """Return how many connections one process opens at the most."""
    return settings.current().api_threads + settings.current().direct_slots + OVERFLOW


@lru_cache(maxsize=1)
def _engine_of(_pid: int, settings: Settings) -> Engine:
    return _made(settings, None)


@lru_cache(maxsize=1)
def _standby_engine_of(_pid: int, settings: Settings) -> Engine:
    return _made(settings, settings.read_database_url)


def _made(settings: Settings, at: str | None) -> Engine:
    engine = create_engine(
        "postgresql://",
        pool_size=settings.api_threads,
        max_overflow=settings.direct_slots + OVERFLOW,
        pool_timeout=settings.connect_timeout,
        pool_recycle=1800,
        connect_args=address(at) | connect_arguments(at=at),
        use_native_hstore=False,  # else each new connection asks the server for a type that we do not use
        hide_parameters=True,  # a payload holds names and addresses, which no log may
    )
    event.listen(engine, "connect", _hear)
    event.listen(engine, "checkout", _forget_plans)
    event.listen(engine, "handle_error", _leave)
    return engine


def _hear(line: Any, _record: Any) -> None:
    def hear(notice: psycopg.errors.Diagnostic) -> None:
        if notice.sqlstate == CRASH_SHUTDOWN:
            _heard.at = time.monotonic()

    line.add_notice_handler(hear)


def _forget_plans(line: Any, record: Any, _proxy: Any) -> None:
    now = time.monotonic()
    if now - record.info.setdefault("planned", now) < PLANS_KEPT_S:
        return
    record.info["planned"] = now
    try:
        line.autocommit = True
        line.execute("DISCARD PLANS")
    except psycopg.Error as error:
        raise DisconnectionError from error  # the pool opens another one


def _leave(context: Any) -> None:
    if leads_nowhere(context.original_exception):
        context.is_disconnect = True  # SQLAlchemy gives up the connection, and all that were opened before


def leads_nowhere(error: BaseException) -> bool:
    """Tell whether the connection lives, but its server is no longer the one to write to; a new one may find that."""
    return isinstance(error, psycopg.Error) and error.sqlstate == READ_ONLY


def url() -> str:
    """Return the database's address; raise ConfigurationError when none is set."""
    if not settings.current().database_url:
        raise ConfigurationError("DATABASE_URL is not set; it must look like postgresql://user:password@host/database")
    return settings.current().database_url


def owner_url() -> str:
    """Return the address under which the schema is changed: that of its owner, or the only one that is set."""
    return settings.current().database_owner_url or url()


def address(at: str | None = None) -> dict[str, Any]:
    """Return what an address, DATABASE_URL unless `at` is given, says, as libpq reads it.

    SQLAlchemy knows no address of several servers.
    """
    return conninfo_to_dict(at or url())


def connect_arguments(session: Mapping[str, str] | None = None, at: str | None = None) -> dict[str, Any]:
    """Return libpq arguments under which no statement, lock, idle transaction or dead peer holds anything for long.

    What the address `at` itself says, or else DATABASE_URL, stays; of `options`, from there or from
    PGOPTIONS, ours come last and win.
    """
    given = address(at)
    wanted = session_settings() if session is None else session
    ours = " ".join(f"-c {name}={value}" for name, value in wanted.items())
    arguments = {
        "connect_timeout": settings.current().connect_timeout,
        "application_name": "counterfoil",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    return {name: value for name, value in arguments.items() if name not in given} | {
        "options": f"{given.get('options') or _default_options()} {ours}".strip(),
        "client_encoding": "utf8",
    }


def session_settings() -> dict[str, str]:
    """Return what each session of a part must be set to, by the parameters' names."""
    return {
        "statement_timeout": f"{settings.current().statement_timeout}s",
        "lock_timeout": f"{settings.current().lock_timeout}s",
        "idle_in_transaction_session_timeout": f"{settings.current().idle_in_transaction_timeout}s",
        # Else an answer might be given for what a crash of the server takes back.
        "synchronous_commit": "on",
        "timezone": "UTC",
        "jit": "off",
        # For the queue: a plan made while a table was small must not read it all once it has grown. See `report`.
        "enable_seqscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        "enable_bitmapscan": "off",
    }


def _default_options() -> str:
    """Return what libpq would send as `options` by itself: PGOPTIONS."""
    defaults = {option.keyword: option.val for option in Conninfo.get_defaults()}
    return (defaults[b"options"] or b"").decode()
