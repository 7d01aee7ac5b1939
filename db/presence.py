"""The processes of the installation, as they tell of themselves; and the jobs of those that tell no more."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from db import jobs
from db.queries import run


class Process(NamedTuple):
    """A process of ours. Its `name` is its own for ever; a worker serves `lanes` and knows `kinds`."""

    name: str
    part: str
    host: str
    pid: int
    version: str
    lanes: list[str]
    kinds: list[str]


def heartbeat(session: Session, process: Process, silence: float, again: float, clock: float) -> list[str]:
    """Say that `process` lives; return the names of others that did not for `silence` seconds.

    Each is returned until `take_back` was called for it, and for `again` seconds more. `clock` is the time by the clock
    of the process, in seconds since 1970: only to be compared with the database's.
    """
    found = run(session, "heartbeat", **process._asdict(), silence=silence, again=again, clock=clock)
    return [row.name for row in found]


def take_back(session: Session, names: Sequence[str], silence: float, lease: float) -> None:
    """Sweep the jobs of those of the processes that are still silent, for at least `silence` seconds."""
    if silent := [row.name for row in run(session, "silence", names=list(names), silence=silence)]:
        jobs.take_back(session, silent, lease)


def holders(session: Session, name: str) -> list[str]:
    """Return the names under which the process and its children hold jobs; a child's ends in / and its pid."""
    return [row.worker for row in run(session, "holders", name=name)]


def leave(session: Session, name: str, lease: float) -> None:
    """Forget the process, and sweep the jobs that it still holds."""
    run(session, "leave", name=name)
    jobs.take_back(session, [name], lease)


def forget(session: Session, kept: float) -> None:
    """Forget the processes that were last seen more than `kept` seconds ago."""
    run(session, "forget", kept=kept)


def send_canaries(session: Session, lanes: Sequence[str], period: float) -> list[str]:
    """Note that canaries are sent; return the lanes that got none for `period` seconds, and so are to get one now."""
    return [row.lane for row in run(session, "send_canaries", lanes=list(lanes), period=period)]


def answer_canary(session: Session, lane: str, worker: str) -> None:
    """Note that `worker` has taken the lane's canary."""
    run(session, "answer_canary", lane=lane, worker=worker)
