"""What dies is started again; what was started is stopped, whichever way the supervisor ends."""

import re
import signal
import subprocess
import sys

import psutil
import pytest

from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(30)

SUPERVISED = """
import sys
from local.console import Console
from local.part import Part
from local.supervisor import Supervisor

def part(name, script):
    return Part(name, ["/bin/sh", "-c", script], {}, console.part(name))

console = Console()
try:
    with Supervisor(console) as supervisor:
        supervisor.start(part("first", "echo first ready; exec sleep 600"))
        supervisor.start(part("second", "trap 'echo bye; exit' TERM; echo second ready; sleep 600 & wait"))
        console.announce("started")
        supervisor.run()
except KeyboardInterrupt:
    console.announce("stopped")
"""


class Supervised:
    """A supervisor with two small parts, and what it printed so far."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", SUPERVISED]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self.read_until("started")

    def read_until(self, pattern: str) -> re.Match:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if found := re.fullmatch(pattern, self.lines[-1]):
                return found
        raise AssertionError(f"{pattern} was never printed: {self.lines}")

    def parts(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def supervised():
    supervised = Supervised()
    with supervised.process:
        yield supervised
        supervised.process.kill()


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_each_line_names_its_part(supervised):
    assert supervised.lines == ["first    | first ready", "second   | second ready", "started"]


def test_a_killed_part_is_started_again_and_named(supervised):
    killed = supervised.parts()[0]
    killed.kill()
    restarted = supervised.read_until(r"restarted first pid=(\d+)")
    assert int(restarted[1]) in [part.pid for part in supervised.parts()]
    assert int(restarted[1]) != killed.pid


def test_the_supervisor_says_why_a_part_died_and_that_it_starts_again(supervised):
    supervised.parts()[0].kill()
    told = supervised.read_until(r"first +\| first was .* started again .*")[0]
    assert "was ended by SIGKILL, its last line: first ready; it is started again in" in told


def test_a_part_that_is_killed_again_and_again_always_comes_back(supervised):
    part = supervised.parts()[0]
    for _ in range(3):
        part.kill()
        part = psutil.Process(int(supervised.read_until(r"restarted first pid=(\d+)")[1]))
    assert lives(part)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_all_parts_with_their_children(supervised, number):
    parts = supervised.parts()
    supervised.process.send_signal(number)
    supervised.read_until("stopped")
    assert "second   | bye" in supervised.lines
    assert supervised.process.wait(5) == 0
    wait_until(lambda: not any(map(lives, parts)), message="a process outlived its supervisor")


def test_kill_9_of_the_supervisor_ends_the_parts(supervised):
    parts = psutil.Process(supervised.process.pid).children()
    supervised.process.kill()
    wait_until(lambda: not any(map(lives, parts)), message="a part outlived its supervisor")
