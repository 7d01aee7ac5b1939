"""The cost of a part's processes: time on the cores, memory, statements."""

from collections import Counter
from typing import NamedTuple

import psutil

from bench.machine import Machine

BACKENDS = "SELECT json_object_agg(client_port, pid) FROM pg_stat_activity WHERE client_port > 0"


class Family(NamedTuple):
    """A process and all that live below it now."""

    leader: psutil.Process
    children: list[psutil.Process]

    @classmethod
    def of(cls, pid: int) -> "Family":
        leader = psutil.Process(pid)
        return cls(leader, leader.children(recursive=True))

    @property
    def members(self) -> list[psutil.Process]:
        return [self.leader, *self.children]

    def memory(self) -> float:
        """Return MiB, a page that several share counted once."""
        return sum(process.memory_full_info().pss for process in self.members) / 2**20

    def statements(self, machine: Machine, before: Counter[int]) -> list[int]:
        """Return the statements of each member that are counted now and were not in `before`."""
        sent = machine.statements.copy() - before
        backends = machine.scalar(BACKENDS)
        return [
            sum(sent[backends.get(str(line.laddr.port))] for line in process.net_connections("tcp"))
            for process in self.members
        ]


def cpu_seconds(pid: int) -> float:
    """Return the seconds that a process and all below it spent on the cores, those that have ended included."""
    return sum(_spent(process) for process in reversed(Family.of(pid).members))


def _spent(process: psutil.Process) -> float:
    try:
        return sum(process.cpu_times()[:4])  # its own, and those of children that have ended
    except psutil.NoSuchProcess:
        return 0.0  # by now its parent has them
