"""Every point at which a process can die: before and after each statement, each commit, each publish."""

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

from db.queries import FOLDER
from tasks.publisher import BrokerAway, Publisher

NEVER = -1
FINISHED, BROKEN = 0, 1
# So many bytes a pipe takes without a reader.
MAX_WORDS = 4096
AFTER_COMMIT = "after commit"
OPENINGS = {path.read_text()[:30]: path.stem for path in sorted(FOLDER.rglob("*.sql"))}

Burn = Callable[[str, Any], None]

_watched: list[tuple[type, str, Callable[..., Any]]] = []


def watch(owner: type, method: str, wire: Callable[..., Any] = lambda *_: None) -> None:
    """Make every call of a method of the class `owner` two points more: before it and after it.

    `wire` is given the call's arguments and returns the psycopg connection that the call uses, None if it uses none.
    """
    _watched.append((owner, method, wire))


watch(psycopg.Connection, "commit", lambda line: line)
watch(Publisher, "publish")


class ChildBroke(AssertionError):
    """What ran in a child process raised there; its traceback is in the captured output."""


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
        """Watch every statement of this process, and every call that is to be watched."""
        with ExitStack() as stack:
            stack.enter_context(self._statements())
            stack.enter_context(self._verbs())
            for owner, method, wire in _watched:
                stack.enter_context(self._around(owner, method, wire))
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
            # The engine's own are watched by its events, and the driver composes only those by which it looks up types.
            if cursor.row_factory is tuple_row or not isinstance(statement, str):
                return execute(cursor, statement, *rest, **options)
            self.point(f"before {verb(statement)}", cursor.connection)
            result = execute(cursor, statement, *rest, **options)
            self.point(f"after {verb(statement)}", cursor.connection)
            return result

        psycopg.Cursor.execute = watched  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            psycopg.Cursor.execute = execute  # type: ignore[assignment,method-assign]

    @contextmanager
    def _around(self, owner: type, method: str, wire: Callable[..., Any]) -> Iterator[None]:
        original = getattr(owner, method)

        def watched(*arguments: Any, **named: Any) -> Any:
            self.point(f"before {method}", wire(*arguments))
            result = original(*arguments, **named)
            self.point(f"after {method}", wire(*arguments))
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


def killed_at(at: int, part: Callable[[], object]) -> str:
    """Run `part` in a process that is killed at point `at`; return the point's name, "" if `part` ended before it.

    Raise ChildBroke if `part` raised.
    """
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _end_as(part, at, tell)
    os.close(tell)
    status = os.waitpid(pid, 0)[1]
    said = _read(told)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return said
    if os.WEXITSTATUS(status) != FINISHED:
        raise ChildBroke(f"the child broke before point {at}: {said}")
    return ""


def _read(pipe: int) -> str:
    # Not to its end: a process that the child has left behind may still hold the other side.
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, MAX_WORDS).decode(errors="replace")
    except BlockingIOError:
        return ""
    finally:
        os.close(pipe)


def _end_as(part: Callable[[], object], at: int, tell: int) -> None:
    def last_words(name: str, wire: Any) -> None:
        os.write(tell, name.encode())
        die(name, wire)

    # pytest's own teardown must never run in the child.
    try:
        with Fuse(at, last_words).armed():
            part()
        os._exit(FINISHED)
    except BaseException as error:
        traceback.print_exc()
        sys.stderr.flush()
        os.write(tell, f"{type(error).__name__}: {error}".encode()[:MAX_WORDS])
        os._exit(BROKEN)


def cut_at(at: int, part: Callable[[], object]) -> None:
    """Run `part` here, its line cut at point `at`; it goes on by itself, or raises what its caller would see."""
    with Fuse(at, cut).armed():
        part()
