"""One peer's run: the backlog is there, two processes start, the clock runs from the first job done to the last."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import NamedTuple

import psycopg
import redis

from bench.machine import Machine, wait_for
from bench.rivals.installation import Program, Skipped, in_a_line
from bench.rivals.places import Place
from bench.workloads import PAUSE
from local.part import Part
from settings import child_environment

PROCESSES, PATIENCE = 2, 180


class Peer(NamedTuple):
    """A queue that is measured from outside, by `count` no-op jobs that `work` does."""

    count: int
    program: Callable[[], Program]
    place: Callable[[Machine], AbstractContextManager[Place]]
    work: str = "work"


def drained(machine: Machine, peer: Peer) -> float:
    """Return the jobs a second that two processes of the peer do; raise Skipped if that cannot be said."""
    try:
        program = peer.program()
        with peer.place(machine) as place:
            return _drained(peer, program, place)
    except (psycopg.Error, redis.RedisError, TimeoutError) as error:
        raise Skipped(in_a_line(str(error))) from None


def _drained(peer: Peer, program: Program, place: Place) -> float:
    program.call("enqueue", str(peer.count), **place.environment)
    place.settle()
    _expect(place.left() == peer.count, f"{place.left()} jobs instead of {peer.count} at the start")
    with _running(program, peer.work, place) as alive:
        started = wait_for(lambda: alive() and place.left() < peer.count, PATIENCE, PAUSE)
        left = place.left()
        finished = wait_for(lambda: alive() and place.is_empty(), PATIENCE, PAUSE)
    _expect(place.done() in (None, peer.count), f"{place.done()} jobs done of {peer.count}")
    return left / (finished - started)


@contextmanager
def _running(program: Program, work: str, place: Place) -> Iterator[Callable[[], bool]]:
    """Run the worker's processes until the block ends; yield a check that raises Skipped once one has died."""
    words: deque[str] = deque(maxlen=50)
    environment = child_environment(**program.environment, **place.environment)
    parts = [Part(work, [*program.command, work], environment, words.append) for _ in range(PROCESSES)]

    def alive() -> bool:
        _expect(all(part.poll() is None for part in parts), in_a_line("\n".join(words)))
        return True

    with ExitStack() as stack:
        for part in parts:
            part.spawn()
            stack.callback(part.stop)
        yield alive


def _expect(condition: bool, why: str) -> None:
    if not condition:
        raise Skipped(why)
