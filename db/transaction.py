"""The only place that begins and commits."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session, SessionTransaction

import settings
from db import acting, staleness, traces
from db.engine import CRASH_SHUTDOWN, READ_ONLY, engine, heard_of_crash, standby_engine
from db.queries import failure, run

log = logging.getLogger(__name__)

IDLE_TOO_LONG = "25P03"
# The state of the database, or somebody else's doing. Codes: read-only, cut for idling (a process that was frozen or
# starved) or for the length of the transaction, lock timeout, cancelled statement; then whole classes: connection,
# rollback, resources, shutdown, system. docs/decisions/0014 goes through all classes.
TRANSIENT_CODES = {READ_ONLY, IDLE_TOO_LONG, "25P04", "55P03", "57014"}
UNIQUE_VIOLATION = "23505"
OUTAGE_CLASSES = ("08", "53", "57P", "58")
TRANSIENT_CLASSES = (*OUTAGE_CLASSES, "40")
EXPLAINED_CUTS = {READ_ONLY, IDLE_TOO_LONG, CRASH_SHUTDOWN}
# A standby that does not answer would cost each request the time of a connection that fails.
STANDBY_AVOIDED_S = 10.0
# What libpq says when `target_session_attrs` finds no server to write to.
NO_PRIMARY = ("session is read-only", "server is in hot standby mode")
# Two transactions that race for the same new row: the loser finds the winner's row when it runs again.
RACED_CONSTRAINTS = {"clients_tax_id_key", "clients_vat_id_key", "templates_default_key", "jobs_unique_key_idx"}


class AutocommitSession(Session):
    """A session whose statements are transactions of their own."""

    autocommit = True


class Transaction(Session):
    """A session whose statements are one transaction."""

    autocommit = False


@event.listens_for(AutocommitSession, "after_begin")
@event.listens_for(Transaction, "after_begin")
def _choose_mode(session: Any, begun: SessionTransaction, connection: Connection) -> None:
    # SQLAlchemy's own way to switch costs more than the statement.
    line: Any = connection.connection.driver_connection
    if begun.nested:
        return
    try:
        if line.autocommit != session.autocommit:
            line.autocommit = session.autocommit
        # The policies of the tables ask for it. No query, as the first of a report comes after its isolation level.
        if not session.autocommit and (organization_id := acting.organization_id()):
            line.execute(f"SET LOCAL counterfoil.organization = {organization_id:d}")
    except psycopg.Error as error:
        raise failure(connection, "begin", error) from error


class _Standby:
    """Until when (monotonic clock) this process asks no standby, as it did not answer."""

    avoided_until = 0.0

    def avoid(self, error: BaseException) -> None:
        log.warning("no report from the standby for %d s: %s", STANDBY_AVOIDED_S, type(error).__name__)
        self.avoided_until = time.monotonic() + STANDBY_AVOIDED_S

    def avoid_after(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """End a block that used the standby: what repeats its request meets the primary."""
        if isinstance(error, DBAPIError):
            self.avoid(error)


_standby = _Standby()


class _Thread(threading.local):
    """How many blocks a thread has open, in a list, as one that another thread leaves is still counted here."""

    def __init__(self) -> None:
        self.blocks = [0]


_thread = _Thread()


def is_open() -> bool:
    """Return whether this thread is within a block of `transaction` or `statement`."""
    return _thread.blocks[0] > 0


def transaction() -> AbstractContextManager[Session]:
    """Commit what the block wrote, or nothing of it when the block raises; the connection opens on first use.

    It sees and writes no rows of another organization than the one to which this thread is confined, if to any.
    """
    return _transaction(engine())


@contextmanager
def _transaction(on: Engine) -> Iterator[Session]:
    blocks = _thread.blocks
    blocks[0] += 1
    try:
        with Transaction(on, expire_on_commit=False) as session:
            try:
                yield session
                with traces.statement("commit"):
                    session.commit()
            except BaseException:
                _roll_back(session)
                raise
    finally:
        blocks[0] -= 1


@contextmanager
def report() -> Iterator[Session]:
    """Read many rows in one snapshot, by the plans that PostgreSQL chooses by itself; nothing can be written.

    If this thread's caller allows an age, it may be the snapshot of a standby that is no older.
    """
    with ExitStack() as stack:
        session = _begun_on_standby(stack)
        if session is None:
            session = stack.enter_context(transaction())
            run(session, "begin_report")
        yield session


def _begun_on_standby(stack: ExitStack) -> Session | None:
    """Return a report's session on the standby if it is there and young enough, which ends with `stack`."""
    allowed, standby = staleness.allowed(), standby_engine()
    if allowed is None or standby is None or time.monotonic() < _standby.avoided_until:
        return None
    try:
        with ExitStack() as attempt:
            session = attempt.enter_context(_transaction(standby))
            run(session, "begin_report")
            # Within the snapshot that the report reads, so that it holds however long that takes.
            [found] = run(session, "read_age")
            if not 0 <= found.age <= allowed:
                return None
            stack.push(attempt.pop_all())
    except (DBAPIError, TimeoutError) as error:
        _standby.avoid(error)
        return None
    stack.push(_standby.avoid_after)
    staleness.note(found.age)
    return session


@contextmanager
def statement() -> Iterator[Session]:
    """Commit each statement of the block as it ends, without a round trip for BEGIN and one for COMMIT."""
    blocks = _thread.blocks
    blocks[0] += 1
    try:
        with AutocommitSession(engine()) as session:
            yield session
    finally:
        blocks[0] -= 1


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Undo what the block did when it raises, and nothing of what went before."""
    with session.begin_nested():
        yield


def allow_idle(session: Session, seconds: float) -> None:
    """Let this transaction alone be idle for `seconds` more than others may."""
    longest = int(seconds) + settings.current().idle_in_transaction_timeout
    session.execute(
        text("SELECT set_config('idle_in_transaction_session_timeout', :longest, true)"), {"longest": f"{longest}s"}
    )


def leave_server() -> None:
    """Give up this process's connections: each that is opened from now on may lead to another server."""
    engine().dispose()


def _roll_back(session: Session) -> None:
    try:
        session.rollback()
    except SQLAlchemyError:
        session.invalidate()  # the server rolled back by itself; raising here would hide what the block raised


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE that the server gave as its reason, None when it gave none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def violated(error: DBAPIError) -> str | None:
    """Return the name of the constraint that refused, None when it was none."""
    return error.orig.diag.constraint_name if isinstance(error.orig, psycopg.Error) else None


def is_lost(error: BaseException, since: float) -> bool:
    """Tell whether the connection was cut, and neither by a limit of ours nor by a crash of another server process.

    The other processes say that one of them has crashed: what was heard before `since` was another crash.
    """
    cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return cut and sqlstate(error) not in EXPLAINED_CUTS and heard_of_crash() < since


def is_outage(error: BaseException) -> bool:
    """Tell whether the database itself is in trouble, so that trying again at once is of no use."""
    code = sqlstate(error) or ""
    cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return cut or code.startswith(OUTAGE_CLASSES)


def is_transient(error: BaseException) -> bool:
    """Tell whether running the same transaction again can succeed without anybody's hand."""
    if isinstance(error, TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = sqlstate(error)
    if code is None:
        return error.connection_invalidated or isinstance(error, OperationalError)
    if code == UNIQUE_VIOLATION:
        return violated(error) in RACED_CONSTRAINTS
    return code in TRANSIENT_CODES or code.startswith(TRANSIENT_CLASSES)


def state(error: BaseException) -> str:
    """Return what a transient `error` says of the database, in words for a caller: no host, no SQL."""
    code = sqlstate(error) or ""
    if code == READ_ONLY or any(words in str(error) for words in NO_PRIMARY):
        return "the database is read-only now"
    if code.startswith("53"):
        return "the database has too little memory, disk or connections now"
    return "the database does not answer now"
