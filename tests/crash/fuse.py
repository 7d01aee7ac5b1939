"""Every point at which a process can die: before and after each statement, each commit, each broker call."""

import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from db.queries import FOLDER
from tasks.publisher import BrokerAway, Publisher
from tests.chain import Consumer

NEVER = -1
FINISHED, BROKEN = 0, 1
AFTER_COMMIT = "after commit"
OPENINGS = {path.read_text()[:30]: path.stem for path in sorted(FOLDER.rglob("*.sql"))}

Burn = Callable[[str, Any], None]


class Fuse:
    """Counts the points that are passed and burns at the one numbered `at`."""

    def __init__(self, at: int = NEVER, burn: Burn | None = None) -> None:
        self.passed: list[str] = []
        self._at, self._burn = at, burn

    def point(self, name: str, wire: Any) -> None:
        self.passed.append(name)
        if self._burn and len(self.passed) - 1 == self._at:
            self._burn(name, wire)

    @contextmanager
    def armed(self) -> Iterator["Fuse"]:
        """Watch every statement, commit, publish and take of this process."""
        with ExitStack() as stack:
            stack.enter_context(self._statements())
            stack.enter_context(self._verbs())
            stack.enter_context(
                self._around(DefaultDialect, "do_commit", "commit", lambda _, wire: wire.dbapi_connection)
            )
            stack.enter_context(self._around(Publisher, "publish", "publish", lambda *_: None))
            stack.enter_context(self._around(Consumer, "take", "take", lambda *_: None))
            stack.enter_context(self._around(Consumer, "acknowledge", "acknowledge", lambda *_: None))
            yield self

    @contextmanager
    def _statements(self) -> Iterator[None]:
        def before(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            self.point(f"before {verb(statement)}", cursor.connection)

        def after(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            self.point(f"after {verb(statement)}", cursor.connection)

        event.listen(Engine, "before_cursor_execute", before)
        event.listen(Engine, "after_cursor_execute", after)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", before)
            event.remove(Engine, "after_cursor_execute", after)

    @contextmanager
    def _verbs(self) -> Iterator[None]:
        execute = psycopg.Cursor.execute

        def watched(cursor: Any, statement: Any, *rest: Any, **options: Any) -> Any:
            if cursor.row_factory is tuple_row:
                return execute(cursor, statement, *rest, **options)
            self.point(f"before {verb(statement)}", cursor.connection)
            result = execute(cursor, statement, *rest, **options)
            self.point(f"after {verb(statement)}", cursor.connection)
            return result

        psycopg.Cursor.execute = watched  # type: ignore[method-assign]
        try:
            yield
        finally:
            psycopg.Cursor.execute = execute  # type: ignore[method-assign]

    @contextmanager
    def _around(self, owner: type, method: str, name: str, wire: Callable[..., Any]) -> Iterator[None]:
        original = getattr(owner, method)

        def watched(*arguments: Any) -> Any:
            self.point(f"before {name}", wire(*arguments))
            result = original(*arguments)
            self.point(f"after {name}", wire(*arguments))
            return result

        setattr(owner, method, watched)
        try:
            yield
        finally:
            setattr(owner, method, original)


def verb(statement: str) -> str:
    """Return the name of the file that a statement comes from, else its first words."""
    known = next((name for opening, name in OPENINGS.items() if statement.startswith(opening)), None)
    return known or " ".join(statement.split()[:4])


def die(_name: str, _wire: Any) -> None:
    """Leave as `kill -9` does: no cleanup, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def cut(name: str, wire: Any) -> None:
    """Break the line; after a commit, as late as possible: the server has done it and the client cannot know."""
    if wire is None:
        raise BrokerAway(f"line cut {name}")
    line = socket.socket(fileno=os.dup(wire.fileno()))
    line.shutdown(socket.SHUT_RDWR)
    line.close()
    if name == AFTER_COMMIT or (wire.autocommit and name.startswith("after")):
        wire.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")


def points(part: Callable[[], object]) -> list[str]:
    """Return the names of all points that `part` passes when nothing goes wrong."""
    with Fuse().armed() as fuse:
        part()
    return fuse.passed


def killed_at(at: int, part: Callable[[], object]) -> bool:
    """Run `part` in a process that is killed at point `at`; return whether it lived to get there."""
    pid = os.fork()
    if pid == 0:
        _end_as(part, at)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == FINISHED, f"the child broke before point {at}"
    return False


def _end_as(part: Callable[[], object], at: int) -> None:
    # pytest's own teardown must never run in the child.
    try:
        with Fuse(at, die).armed():
            part()
        os._exit(FINISHED)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(BROKEN)


def cut_at(at: int, part: Callable[[], object]) -> None:
    """Run `part` here, its line cut at point `at`; it goes on by itself, or raises what its caller would see."""
    with Fuse(at, cut).armed():
        part()
