"""What dies is started again; what was started is stopped, whichever way the supervisor ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from local.part import Part
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(120)

SUPERVISED = """
import sys
from local.output import Output
from local.part import Part
from local.supervisor import Supervisor

def part(name, script):
    return Part(name, ["/bin/sh", "-c", script], {}, console.part(name))

console = Output()
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

    def __init__(self, program: str = SUPERVISED, *arguments: str) -> None:
        command = [sys.executable, "-c", program, *arguments]
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


@pytest.fixture
def supervised_after():
    """Call it with a statement that the supervisor runs before it begins to look after its parts."""
    started: list[Supervised] = []

    def start(statement: str) -> Supervised:
        announce = '        console.announce("started")'
        started.append(Supervised(SUPERVISED.replace(announce, f"        {statement}\n{announce}")))
        return started[-1]

    yield start
    for supervised in started:
        with supervised.process:
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


def test_a_part_that_cannot_be_spawned_stops_none_of_the_others(tmp_path):
    program = tmp_path / "first"
    program.write_text("#!/bin/sh\necho first ready; exec sleep 600\n")
    program.chmod(0o755)
    command = '"/bin/sh", "-c", script'
    supervised = Supervised(SUPERVISED.replace(command, f'"{program}" if name == "first" else {command}'))
    with supervised.process:
        first, second = supervised.parts()[:2]
        program.rename(tmp_path / "gone")
        first.kill()
        supervised.read_until(r"first +\| first: FileNotFoundError: .*")
        second.kill()
        supervised.read_until(r"restarted second pid=\d+")
        (tmp_path / "gone").rename(program)
        supervised.read_until(r"restarted first pid=\d+")
        supervised.process.kill()


def test_a_part_that_has_failed_two_thousand_times_comes_back(supervised_after):
    supervised = supervised_after("supervisor._failures.update(dict.fromkeys(supervisor._children, 2000))")
    supervised.parts()[0].kill()
    assert supervised.read_until(r"first +\| .*it is started again in 10\.0 s")


def test_a_reader_that_reads_nothing_stops_no_part(supervised_after, tmp_path):
    begin, done = tmp_path / "begin", tmp_path / "done"
    os.mkfifo(begin)
    supervised = supervised_after(
        f"supervisor.start(part('third', 'echo third ready; cat {begin}; seq 40000; touch {done}; sleep 600'))"
    )
    begin.write_text("now nobody reads\n")
    wait_until(done.exists, 60, "the part waits for the reader")
    supervised.read_until(r"\d+ lines were dropped here, as nobody read them")


def test_a_port_at_which_something_else_answers_is_a_part_that_is_not_ready():
    with socket.create_server(("127.0.0.1", 0)) as server:
        part = Part("api", [], {}, print, health=f"http://127.0.0.1:{server.getsockname()[1]}/")
        with ThreadPoolExecutor(1) as threads:
            ready = threads.submit(part.is_ready)
            line, _ = server.accept()
            line.sendall(b"+PONG\r\n")
            line.close()
            assert ready.result() is False


HANGING = SUPERVISED.replace(
    '        supervisor.start(part("second"',
    """
        class Quick(Part):
            start_timeout = 1.0

        script = "echo >> $0; [ $(wc -l < $0) = 2 ] || echo third ready; exec sleep 600"
        third = Quick("third", ["/bin/sh", "-c", script, sys.argv[1]], {}, console.part("third"))
        supervisor.start(third)
        supervisor.start(part(\"second\"""",
)


def test_a_part_that_hangs_while_it_is_started_again_is_started_once_more(tmp_path):
    """It was taken to be starting for ever."""
    supervised = Supervised(HANGING, str(tmp_path / "starts"))
    try:
        [third] = [part for part in supervised.parts() if part.ppid() == supervised.process.pid][1:2]
        third.kill()
        supervised.read_until(r"third +\| third is not ready after 1 s; it is killed")
        supervised.read_until(r"restarted third pid=\d+")
    finally:
        supervised.process.terminate()
        supervised.process.wait(30)
