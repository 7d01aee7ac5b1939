"""The parts of the chain as children of the test, started by the command line that deployments use."""

import contextlib
import itertools
import os
import random
import signal
import sys
from pathlib import Path

import psutil

from local.part import Part
from settings import child_environment, variable
from tests.faults.load import fetch
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
PROGRAM = "import tests.faults.kinds, cli.main; cli.main.main()"

AT_WORK = """
    SELECT client_port FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND application_name = 'counterfoil' AND xact_start IS NOT NULL
"""

# As tight as the order of the timeouts allows, so that a recovery takes seconds.
TIMINGS = {
    "direct_budget": 1,
    "statement_timeout": 3,
    "http_timeout": 4,
    "task_timeout": 5,
    "lease": 6,
    "redelivery_interval": 2,
    "sweep_interval": 1,
    "lock_timeout": 1,
    "idle_in_transaction_timeout": 3,
    "worker_concurrency": 2,
    "log_level": "WARNING",
}

LAST_WORDS = 60
# No promise: a part begins in three seconds, and shares its machine with whatever else is tested there.
READY_S = 90


class Process(Part):
    """One `counterfoil` command; `lines` is what it said, `given` the settings that it was started with."""

    def __init__(self, name: str, program: str, given: dict[str, object]) -> None:
        self.lines: list[str] = []
        self.given = given
        variables = {variable(setting): str(value) for setting, value in given.items()}
        environment = child_environment(**variables, PYTHONPATH=str(ROOT), PYTHONUNBUFFERED="1")
        super().__init__(name, [sys.executable, "-c", program, name], environment, self.lines.append)

    @property
    def children(self) -> list[int]:
        """Return the pids of a worker's prefork children."""
        try:
            return [child.pid for child in psutil.Process(self.pid).children()]
        except psutil.NoSuchProcess:
            return []

    def said(self, text: str) -> int:
        """Return in how many lines it said `text`."""
        return sum(text in line for line in self.lines)

    def die(self, signal_number: int = signal.SIGKILL) -> None:
        """Send the signal to the process alone: its children find themselves orphaned."""
        os.kill(self.pid, signal_number)

    def kill_children(self, signal_number: int = signal.SIGKILL) -> None:
        for pid in self.children:
            os.kill(pid, signal_number)

    def freeze(self) -> None:
        """Stop the process and its children in their tracks."""
        self.die(signal.SIGSTOP)
        self.kill_children(signal.SIGSTOP)

    def thaw(self) -> None:
        self.thaw_children()
        self.die(signal.SIGCONT)

    def thaw_children(self) -> None:
        """Let the children go on; the process that would end them for being late stays frozen."""
        self.kill_children(signal.SIGCONT)


class Chain:
    """The processes of one test; whatever they are doing, none is left after `close`."""

    def __init__(self, database_url: str, broker_url: str, broker_admin_url: str) -> None:
        self.database_url, self.broker_url, self.broker_admin_url = database_url, broker_url, broker_admin_url
        self._all: list[Process] = []

    def spawn(self, name: str, program: str = PROGRAM, **settings: object) -> Process:
        """Start a part without waiting for it."""
        given = TIMINGS | {"database_url": self.database_url, "broker_url": self.broker_url} | settings
        process = Process(name, program, given)
        process.spawn()
        self._all.append(process)
        return process

    def start(self, *names: str, **settings: object) -> list[Process]:
        """Return the named parts once all are ready."""
        processes = [self.spawn(name, **settings) for name in names]
        for process in processes:
            self.await_ready(process)
        return processes

    def await_ready(self, process: Process, seconds: float = READY_S) -> None:
        wait_until(lambda: process.is_ready() or process.poll() is not None, seconds, f"{process.name} is not ready")
        assert process.poll() is None, process.lines

    def kill_worker_children(self) -> None:
        for process in self._all:
            if process.name == "worker":
                process.kill_children()

    def close(self) -> None:
        for process in self._all:
            process.kill(signal.SIGCONT)
            process.kill(signal.SIGKILL)
        for process in self._all:
            process.await_end()
            # pytest keeps it to itself unless the test has failed
            print(f"{process.name} {process.pid} said last:", *process.lines[-LAST_WORDS:], sep="\n")


def storm(chain: Chain, rng: random.Random, kills: int, whole_workers: int) -> None:
    """Kill that many processes of two workers, most of them in the middle of a transaction, some workers whole."""
    workers = chain.start("worker", "worker")
    whole = set(rng.sample(range(kills), whole_workers))
    for kill in range(kills):
        if kill in whole:
            victim = rng.randrange(len(workers))
            workers[victim].die()
            workers[victim] = chain.spawn("worker")
        else:
            wait_until(lambda: _kill_at_work(workers), 30, "nothing is being processed any more")


def _kill_at_work(workers: list[Process]) -> bool:
    ports = {port for (port,) in fetch(AT_WORK)}
    for pid in itertools.chain.from_iterable(worker.children for worker in workers):
        with contextlib.suppress(psutil.NoSuchProcess):
            child = psutil.Process(pid)
            if any(connection.laddr.port in ports for connection in child.net_connections()):
                child.kill()
                return True
    return False
