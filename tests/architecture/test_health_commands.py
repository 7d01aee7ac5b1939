"""The healthchecks of docker-compose.yml tell a part that works from one that hangs."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from cli.check import CHECKS_BEFORE_THE_END
from local.part import COUNTERFOIL, Part
from settings import child_environment, variable
from tests.architecture.compose import services
from tests.architecture.sources import ROOT
from tests.waiting import wait_until


class Running:
    """One part in a process, and its healthcheck as Compose would run it beside it."""

    def __init__(self, name: str, database_url: str, broker_url: str) -> None:
        given = {"database_url": database_url, "broker_url": broker_url, "sweep_interval": "1"}
        self._environment = child_environment(**{variable(n): v for n, v in given.items()}, PYTHONPATH=str(ROOT))
        self.name, self.lines = name, []
        self.process = Part(name, [*COUNTERFOIL, name], self._environment, self.lines.append)

    def is_healthy(self) -> bool:
        """Return the command's verdict; in a container the part is the child of process 1."""
        kind, command, *arguments = services()[self.name]["healthcheck"]["test"]
        assert (kind, command) == ("CMD", "counterfoil")
        process = ["--process", str(self.process.pid)]
        done = subprocess.run(
            [*COUNTERFOIL, *arguments, *process], env=self._environment, capture_output=True, text=True
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode == 0


@pytest.fixture
def running(request: pytest.FixtureRequest, database: str, broker: str) -> Iterator[Running]:
    part = Running(request.param, database, broker)
    part.process.start()
    yield part
    part.process.kill(signal.SIGKILL)
    part.process.await_end()


@pytest.mark.parametrize(
    "running", ["relay", *(pytest.param(part, marks=pytest.mark.chaos) for part in ("beat", "worker"))], indirect=True
)
def test_a_stopped_part_is_unhealthy_and_ended_and_a_running_one_is_neither(running: Running) -> None:
    wait_until(running.is_healthy, 30, f"{running.name} was never healthy: {running.lines}")
    os.kill(running.process.pid, signal.SIGSTOP)
    for _ in range(CHECKS_BEFORE_THE_END):
        assert running.process.poll() is None, "it was ended before it was sure to hang"
        assert not running.is_healthy()
    wait_until(lambda: running.process.poll() is not None, 10, "nobody ended a part that hangs")
