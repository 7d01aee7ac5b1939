"""Hurts every part of a running chain at random, and heals it."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import redis

from local.broker import EmbeddedBroker
from local.postgres import EmbeddedPostgres
from tests.faults.load import fetch
from tests.faults.processes import Chain, Process
from tests.faults.proxy import Proxy
from tests.waiting import wait_until

PARTS = ("relay", "relay", "worker", "worker", "beat")
WITH_CHILDREN = ("api", "worker", "io")
TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'counterfoil' AND random() < 0.5
"""


class Server(Protocol):
    """A server outside of the chain, which it talks to."""

    def die(self) -> None: ...
    def start(self) -> None: ...
    def signal(self, number: int) -> None: ...


class Monkey:
    """Every fault leaves the chain able to heal: what is stopped is let go, what died is started again."""

    def __init__(
        self,
        chain: Chain,
        postgres: EmbeddedPostgres,
        broker: EmbeddedBroker,
        network: Proxy,
        rng: random.Random,
        apis: Sequence[Process] = (),
        parts: Sequence[str] = PARTS,
        servers: Sequence[Server] = (),
        **given: object,
    ) -> None:
        self._chain, self._postgres, self._broker, self._network, self._rng = chain, postgres, broker, network, rng
        self._parts: list[Process] = [*apis, *chain.start(*parts, **given)]
        self._servers = servers
        self._spawned = {part: time.monotonic() for part in self._parts}
        self._frozen: dict[int, float] = {}
        self._asked_to_stop: set[Process] = set()
        self.done: Counter[str] = Counter()
        self._faults = {
            self.kill_part: 6,
            self.kill_child: 10,
            self.ask_to_stop: 3,
            self.freeze: 4,
            self.empty_broker: 3,
            self.restart_broker: 2,
            self.cut_connections: 3,
            self.black_hole: 1,
            self.terminate_backends: 3,
            self.restart_postgres: 1,
        }
        if servers:
            self._faults |= {self.restart_server: 8, self.stun_server: 4}

    @property
    def parts(self) -> Sequence[Process]:
        """Return the processes that run, or are to run again."""
        return self._parts

    def hurt(self, rng: random.Random, seconds: float, most_s: float) -> None:
        """Do a fault every `most_s` at the latest for so many seconds, then heal all."""
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            self.act()
            self._pass(rng.uniform(0.2, most_s))
        self.heal()

    def act(self) -> None:
        """Do one fault, then look after what earlier ones left."""
        fault = self._rng.choices(list(self._faults), list(self._faults.values()))[0]
        fault()
        self.done[fault.__name__] += 1
        self.tend()

    def tend(self) -> None:
        """Start what died, and let go what was frozen long enough."""
        now = time.monotonic()
        for pid in [pid for pid, until in self._frozen.items() if until <= now]:
            del self._frozen[pid]
            _signal(pid, signal.SIGCONT)
        for number, part in enumerate(self._parts):
            if part.poll() is not None and now - self._spawned[part] > 1:
                self._parts[number] = self._chain.spawn(part.name, **part.given)
                self._spawned[self._parts[number]] = now

    def heal(self) -> None:
        """Return when all runs again."""
        self._frozen = dict.fromkeys(self._frozen, 0.0)
        wait_until(self._all_ready, 60, "not every part came back")

    def _all_ready(self) -> bool:
        self.tend()
        return all(self._stays(part) and part.is_ready() for part in self._parts)

    def _stays(self, part: Process) -> bool:
        """Return whether it runs, and goes on: one that was asked to stop may need seconds, or be frozen until now."""
        return part.poll() is None and part not in self._asked_to_stop

    def kill_part(self) -> None:
        _signal(self._rng.choice(self._parts).pid, signal.SIGKILL)

    def kill_child(self) -> None:
        _signal(self._some_child(), signal.SIGKILL)

    def ask_to_stop(self) -> None:
        part = self._rng.choice(self._parts)
        self._asked_to_stop.add(part)
        _signal(part.pid, self._rng.choice([signal.SIGTERM, signal.SIGQUIT, signal.SIGINT]))

    def freeze(self) -> None:
        pid = self._rng.choice([self._rng.choice(self._parts).pid, self._some_child()])
        self._frozen[pid] = time.monotonic() + self._rng.uniform(0.5, 9)
        _signal(pid, signal.SIGSTOP)

    def empty_broker(self) -> None:
        with redis.Redis.from_url(self._broker.admin_url) as client:
            client.flushall()

    def restart_broker(self) -> None:
        self._broker.kill(signal.SIGKILL)
        self._pass(self._rng.uniform(0, 3))
        self._broker.start()

    def cut_connections(self) -> None:
        self._network.cut()

    def black_hole(self) -> None:
        self._network.silent = True
        self._pass(self._rng.uniform(1, 6))
        self._network.silent = False

    def terminate_backends(self) -> None:
        fetch(TERMINATE)

    def restart_postgres(self) -> None:
        self._postgres.kill(signal.SIGQUIT)
        wait_until(lambda: self._postgres.poll() is not None)
        self._postgres.start()

    def restart_server(self) -> None:
        server = self._rng.choice(self._servers)
        server.die()
        self._pass(self._rng.uniform(0, 4))
        server.start()

    def stun_server(self) -> None:
        server = self._rng.choice(self._servers)
        server.signal(signal.SIGSTOP)
        self._pass(self._rng.uniform(0.5, 6))
        server.signal(signal.SIGCONT)

    def _some_child(self) -> int:
        children = [pid for part in self._parts if part.name in WITH_CHILDREN for pid in part.children]
        return self._rng.choice(children or [self._parts[-1].pid])

    def _pass(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= until, seconds + 1)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):  # an earlier fault was faster
        os.kill(pid, number)
