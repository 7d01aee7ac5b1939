"""Whether a part works, as the healthcheck of its container asks; one that hangs is ended, to be started again."""

import os
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path

import click

CHECKS_BEFORE_THE_END = 3
ANSWER_TIMEOUT_S = 4


class Verdict(StrEnum):
    """A part that waits, for a database say, would wait again after a start; one that hangs would not."""

    WORKS = "works"
    WAITS = "waits"
    HANGS = "hangs"


@click.command()
@click.argument("part", type=click.Choice(["api", "relay", "worker", "io", "ocr", "beat", "flower"]))
@click.option("--process", type=int, help="Process id of the part; without it, that of process 1's child.")
def check(part: str, process: int | None) -> None:
    """Exit with status 0 if the part beside this command works, else 1.

    The third check in a row that finds it hanging kills it, so that whatever keeps the container alive starts it again.
    """
    pid = process or _child_of_init()
    verdict = VERDICTS[part](pid)
    hung = Path(tempfile.gettempdir(), f"counterfoil-{part}-{pid}-hangs")
    times = int(hung.read_text()) + 1 if hung.exists() else 1
    if verdict == Verdict.HANGS and times < CHECKS_BEFORE_THE_END:
        hung.write_text(str(times))
    else:
        hung.unlink(missing_ok=True)
    if verdict == Verdict.HANGS and times >= CHECKS_BEFORE_THE_END:
        os.kill(pid, signal.SIGKILL)
    click.echo(f"{part} {verdict}")
    sys.exit(verdict != Verdict.WORKS)


def _child_of_init() -> int:
    """Return the process that a container's init has started; process 1 itself cannot be killed from within."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        parent = status.read_text().rpartition(")")[2].split()[1]
        if parent == "1":
            return int(status.parent.name)
    raise click.UsageError("process 1 has no child: run the container with an init, or give --process")


def _answers(address: str) -> Callable[[int], Verdict]:
    def ask(_: int) -> Verdict:
        try:
            urllib.request.urlopen(address, timeout=ANSWER_TIMEOUT_S).close()  # noqa: S310
        except urllib.error.HTTPError:
            return Verdict.WAITS
        except OSError:
            return Verdict.HANGS
        return Verdict.WORKS

    return ask


def _api(pid: int) -> Verdict:
    import settings

    return _answers(f"http://127.0.0.1:{settings.current().api_port}/api/v1/health")(pid)


def _flower(pid: int) -> Verdict:
    import settings

    return _answers(f"http://127.0.0.1:{settings.current().flower_port}/healthcheck")(pid)


def _loop(pid: int) -> Verdict:
    """Relay and beat wake at least once in a sweep interval, and a process that wakes switches context."""
    import settings

    def switches() -> str:
        return Path(f"/proc/{pid}/status").read_text().partition("voluntary_ctxt_switches:")[2].split()[0]

    before = switches()
    time.sleep(settings.current().sweep_interval * 1.2 + 1)
    return Verdict.HANGS if switches() == before else Verdict.WORKS


def _worker(part: str, _: int) -> Verdict:
    """Ask this host's own worker over the broker, as Flower does."""
    import socket

    from kombu.exceptions import OperationalError

    from tasks.app import app

    own = f"{part}-*@{socket.gethostname()}"
    try:
        answered = app.control.inspect(timeout=5, limit=1, pattern=own, matcher="glob").ping()
    except (OperationalError, OSError):
        return Verdict.WAITS
    return Verdict.WORKS if answered else Verdict.HANGS


VERDICTS: dict[str, Callable[[int], Verdict]] = {
    "api": _api, "relay": _loop, "worker": partial(_worker, "worker"), "io": partial(_worker, "io"),
    "ocr": partial(_worker, "ocr"), "beat": _loop, "flower": _flower,
}  # fmt: skip
