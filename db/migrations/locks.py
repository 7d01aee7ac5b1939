"""Keeps a migration from holding up everybody who waits behind it for a table."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from db.engine import connect_arguments, owner_url
from db.transaction import sqlstate

ADVISORY_LOCK = 4_270_331
TABLE_LOCK_TIMEOUT = "1s"
LOCK_TIMED_OUT = "55P03"
POLL_S = 0.1
# Names nothing that a session reads or writes: only who it is and since when.
BLOCKERS = """
    SELECT concat('pid ', pid, ' (', coalesce(nullif(application_name, ''), 'no application name'),
        '), in a transaction since ', to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS'),
        ' UTC, last query at ', to_char(query_start, 'HH24:MI:SS'))
    FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids(%s)) ORDER BY xact_start LIMIT 3"""


class Blocked(Exception):
    """Another session held a table that the migration needs; the schema is as it was, and the message names it."""


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Let one process migrate at a time, which waits a second for a table; raise Blocked after that.

    All who use a table queue behind whoever waits for it alone, so nobody may wait for long. Another migrating process
    is waited for without end, as that holds up nobody.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = '{TABLE_LOCK_TIMEOUT}'"))
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with _watched(pid) as blockers:
        try:
            yield
        except OperationalError as error:
            if sqlstate(error) != LOCK_TIMED_OUT:
                raise
            raise Blocked("; ".join(blockers) or "a session that has ended since") from error


@contextmanager
def _watched(pid: int) -> Iterator[list[str]]:
    """Give the sessions that `pid` waited for last: once its wait has timed out, the server no longer tells."""
    blockers: list[str] = []
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(pid, blockers, ended), daemon=True)
    watch.start()
    try:
        yield blockers
    finally:
        ended.set()
        watch.join()


def _watch(pid: int, blockers: list[str], ended: threading.Event) -> None:
    with psycopg.connect(owner_url(), autocommit=True, **connect_arguments(at=owner_url())) as connection:
        while not ended.wait(POLL_S):
            if seen := [line for (line,) in connection.execute(BLOCKERS, [pid])]:
                blockers[:] = seen
