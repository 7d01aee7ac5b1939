"""Each process says every two seconds that it lives; whoever sees one fall silent takes its jobs back at once.

The lease token keeps that safe: a process that was only frozen commits nothing when it goes on. Leases stay as the
backstop, for when nobody is left to see it.
"""

import atexit
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import version

from sqlalchemy.exc import SQLAlchemyError

import settings
from db import jobs as job_rows
from db import presence as rows
from db.models import Process
from db.transaction import is_transient, statement, transaction

log = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
SILENCE_S = 3 * HEARTBEAT_S
CHILDREN_CHECK_S = 0.5
# Between two checks a child claims what it was just given.
IDLE_CHECKS = 2
# A transaction of the dead may hold a job's lock, or its last claim come through, so much later.
AGAIN_S = 15.0
KEPT_S = 3600.0

# A child that is forked while the thread talks to the database would inherit locks that nobody lets go.
_talking = threading.Lock()
os.register_at_fork(before=_talking.acquire, after_in_parent=_talking.release, after_in_child=_talking.release)
_own: "Presence | None" = None

Children = Callable[[], Collection[int]]


def worker_name() -> str:
    """Return the name under which this process holds jobs: HOST:PID-ID, or for a child HOST:PID-ID/PID."""
    if _own is None:
        return f"{socket.gethostname()}:{os.getpid()}"
    return _own.name if os.getpid() == _own.process.pid else f"{_own.name}/{os.getpid()}"


def keep(part: str, lanes: Sequence[str] = (), kinds: Sequence[str] = (), children: Children | None = None) -> None:
    """Have this process say that it lives until it ends; `children` returns the pids of those that work for it."""
    global _own
    _own = Presence(part, lanes, kinds, children)
    _own.start()
    atexit.register(_own.stop)


def await_idle(timeout: float) -> None:
    """Return when neither this process nor a child of it has held a job for a moment, or after `timeout` seconds."""
    deadline, idle = time.monotonic() + timeout, 0
    while _own and idle < IDLE_CHECKS and time.monotonic() < deadline:
        time.sleep(CHILDREN_CHECK_S)
        try:
            with statement() as session:
                idle = 0 if rows.holders(session, _own.name) else idle + 1
        except SQLAlchemyError as error:
            log.warning("cannot ask what is held: %s", type(error).__name__)


def is_silent(process: Process) -> bool:
    """Tell whether the process has missed three heartbeats."""
    return process.silent_seconds > SILENCE_S


class Presence:
    """The heartbeat of this process, in a thread of its own."""

    def __init__(self, part: str, lanes: Sequence[str], kinds: Sequence[str], children: Children | None) -> None:
        host, pid = socket.gethostname(), os.getpid()
        name = f"{host}:{pid}-{secrets.token_hex(3)}"
        self.process = rows.Process(name, part, host, pid, version("counterfoil"), list(lanes), list(kinds))
        self._children, self._pids, self._changed_at = children, frozenset[int](), time.monotonic()
        self._next_heartbeat = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    @property
    def name(self) -> str:
        """Return the name of this process among all that ever were."""
        return self.process.name

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say no more that this process lives, and give back what it holds; a child that inherited it does nothing."""
        if os.getpid() != self.process.pid or self._stopping.is_set():
            return
        self._stopping.set()
        self._thread.join(SILENCE_S)
        try:
            with transaction() as session:
                rows.leave(session, self.name, settings.current().lease)
        except SQLAlchemyError as error:
            log.warning("%s: it could not say that it ends and will be found silent", type(error).__name__)

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = CHILDREN_CHECK_S if self._children else HEARTBEAT_S
            try:
                with _talking:
                    if self._children:
                        self._look_after(self._children)
                    self._heartbeat()
            except SQLAlchemyError as error:
                if not is_transient(error):
                    log.exception("the heartbeat failed")

    def _heartbeat(self) -> None:
        if time.monotonic() < self._next_heartbeat:
            return
        self._next_heartbeat = time.monotonic() + HEARTBEAT_S
        with statement() as session:
            session.connection()  # to open one takes time, by which the clock would seem to be behind
            silent = rows.heartbeat(session, self.process, SILENCE_S, AGAIN_S, time.time())
        if silent:
            with transaction() as session:
                rows.take_back(session, silent, SILENCE_S, settings.current().lease)

    def _look_after(self, children: Children) -> None:
        pids = frozenset(children())
        if pids != self._pids:
            self._pids, self._changed_at = pids, time.monotonic()
        if time.monotonic() - self._changed_at < AGAIN_S:
            with statement() as session:
                names = rows.holders(session, self.name)
                holders = {int(name.rpartition("/")[2]): name for name in names if name != self.name}
                dead = holders.keys() - frozenset(children())
                job_rows.take_back(session, [holders[pid] for pid in dead], settings.current().lease)
