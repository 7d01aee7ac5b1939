"""Parts that die under load, one at a time: how long until as much is done as before, and is each request done once."""

import signal
import time
from collections.abc import Callable

import psutil

import settings
from bench.backlog import Workload
from bench.load import SPAN, Load, completed, rate, seconds_until_back, slowest_later
from bench.machine import Machine, wait_for
from bench.table import row
from bench.workloads import CHAIN
from local.part import Part
from local.process import Child

SUPPLIERS = 1000
# Presence takes a dead worker's jobs back within seconds; what it missed would come back with the lease.
BEFORE, WATCHED = 30, settings.current().lease + 30


def measure(machine: Machine) -> dict:
    """Return for each fault the seconds until 95 % of the throughput before it is there again, and the slowest later.

    PostgreSQL's own seconds besides. Raise unless each accepted request has its one invoice after all of them.
    """
    seconds, later, postgres = {}, {}, PostgresRestart(machine)
    with machine.running(*CHAIN) as (relay, worker):
        faults = {
            "kill -9 of the relay": lambda: _kill(relay),
            "kill -9 of a worker's child": lambda: psutil.Process(worker.pid).children()[0].kill(),
            "kill -9 of the worker": lambda: _kill(worker),
            "FLUSHALL": machine.valkey.flushall,
            "PostgreSQL's immediate restart": postgres,
        }
        with Load(machine, Workload(SUPPLIERS)) as load:
            for name, fault in faults.items():
                seconds[name], later[name] = _recovery(machine, fault)
                print(f"recovery: {name}: {seconds[name]:.1f} s, later {later[name]:.2f} at the least", flush=True)
        load.verify()
    return {"seconds": seconds, "later": later, "postgres_seconds": postgres.seconds, "lost_or_doubled": 0}


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        *(
            row(f"R10 {fault}: seconds until 95 % of the throughput", s, most=10)
            for fault, s in figures["seconds"].items()
        ),
        row("R10 ... of the last, PostgreSQL's own until it took connections", figures["postgres_seconds"]),
        *(
            row(f"R10 {fault}: slowest {SPAN} s after that, until {WATCHED} s after it / before", share)
            for fault, share in figures["later"].items()
        ),
        row("R10 ... requests lost or doubled, numbers left out, after all", figures["lost_or_doubled"]),
    ]


class PostgresRestart:
    """An immediate shutdown and a start; `seconds` is how long PostgreSQL itself was away."""

    seconds = 0.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __call__(self) -> None:
        started = time.monotonic()
        _end(self._machine.postgres, signal.SIGQUIT)
        self._machine.postgres.start()
        self._machine.engine.dispose()
        self.seconds = time.monotonic() - started


def _recovery(machine: Machine, fault: Callable[[], None]) -> tuple[float, float]:
    before = rate(machine, BEFORE)
    broken = time.time()
    fault()
    time.sleep(max(0.0, broken + WATCHED - time.time()))
    ticks = completed(machine, broken, broken + WATCHED)
    return seconds_until_back(ticks, before), slowest_later(ticks, before)


def _kill(part: Part) -> None:
    _end(part, signal.SIGKILL)
    part.spawn()


def _end(child: Child, signal_number: int) -> None:
    child.kill(signal_number)
    wait_for(lambda: child.poll() is not None)
