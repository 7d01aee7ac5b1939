"""The healthchecks of docker-compose.yml tell a part that works from one that hangs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local.part import COUNTERFOIL, Part
from settings import child_environment, variable
from tests.architecture.compose import program, services
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
        """Return the command's verdict; in a container the part is process 1."""
        text = program(services()[self.name]["healthcheck"]["test"]).replace("/proc/1/", f"/proc/{self.process.pid}/")
        done = subprocess.run([sys.executable, "-c", text], env=self._environment, capture_output=True, text=True)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode == 0


@pytest.fixture
def running(request: pytest.FixtureRequest, database: str, broker: str) -> Iterator[Running]:
    part = Running(request.param, database, broker)
    part.process.start()
    yield part
    part.process.kill(signal.SIGKILL)
    part.process.await_end()


@pytest.mark.parametrize("running", ["relay", "beat", "worker"], indirect=True)
def test_a_stopped_part_is_unhealthy_and_a_running_one_is_not(running: Running) -> None:
    wait_until(running.is_healthy, 30, f"{running.name} was never healthy: {running.lines}")
    os.kill(running.process.pid, signal.SIGSTOP)
    assert not running.is_healthy()
