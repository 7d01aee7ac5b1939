"""What is installed is what was tried: every dependency pinned, by hash, from whichever index the installer uses."""

import re
import tomllib
from typing import NamedTuple

import pytest

from tests.architecture.sources import ROOT

RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
REQUIREMENT = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[a-z0-9.!+]+)(?: ; (?P<marker>[^\\]+?))?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Pin(NamedTuple):
    name: str
    version: str
    marker: str | None
    hashes: frozenset[str]


class LockBroken(Exception):
    """The lock file lets something in that nobody tried."""


def pins(text: str) -> set[Pin]:
    """Return the pins of a lock file; raise LockBroken at a line that is anything else."""
    return {_pin(line) for line in text.replace("\\\n", "").splitlines() if line.strip()}


def _pin(line: str) -> Pin:
    requirement, *hashes = re.split(r"\s+(?=--hash)", line.strip())
    match = REQUIREMENT.fullmatch(requirement.strip())
    if not match:
        raise LockBroken(f"not a pinned requirement (an index, a URL, a path, an open version?): {line[:80]}")
    if not hashes or not all(HASH.fullmatch(h) for h in hashes):
        raise LockBroken(f"without a sha256 hash any file of that name would be installed: {line[:80]}")
    return Pin(match["name"], match["version"], match["marker"], frozenset(hashes))


def lock(name: str) -> set[Pin]:
    return pins((ROOT / name).read_text())


def declared(group: str | None = None) -> set[str]:
    """Return the names that pyproject.toml asks for, its own extras left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = project["optional-dependencies"][group] if group else project["dependencies"]
    names = {re.match(r"[A-Za-z0-9._-]+", requirement)[0] for requirement in requirements}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names} - {project["name"]}


@pytest.mark.parametrize("name", [RUNTIME, DEVELOPMENT])
def test_every_line_is_a_version_with_its_hashes(name: str) -> None:
    locked = lock(name)
    assert len({(pin.name, pin.marker) for pin in locked}) == len(locked), "one name is pinned twice"


def test_tests_run_on_what_is_deployed() -> None:
    assert lock(RUNTIME) <= lock(DEVELOPMENT), "a deployment would run versions that no test has seen: make lock"


def test_every_declared_dependency_is_locked() -> None:
    runtime, development = ({pin.name for pin in lock(name)} for name in (RUNTIME, DEVELOPMENT))
    assert declared() <= runtime, "declared and not locked, so a fresh install fails: make lock"
    assert declared("dev") | declared("local") <= development, "declared and not locked: make lock"


GOOD = "flask==3.1.2 \\\n    --hash=sha256:" + "a" * 64


def test_a_good_line_is_read() -> None:
    assert pins(GOOD + "\n") == {Pin("flask", "3.1.2", None, frozenset({"--hash=sha256:" + "a" * 64}))}


@pytest.mark.parametrize(
    "line",
    [
        "flask==3.1.2",
        "flask>=3.1",
        "flask==3.1.2 --hash=md5:abc",
        "--index-url https://index.example/simple",
        "--extra-index-url https://index.example/simple\n" + GOOD,
        "flask @ https://files.example/flask.whl",
        "git+https://git.example/flask",
        "./flask.whl",
        "-e .",
        "file:///tmp/flask.whl",
        GOOD.replace("flask", "flask @ file:///tmp/flask"),
    ],
)
def test_a_bad_line_is_refused(line: str) -> None:
    with pytest.raises(LockBroken):
        pins(line)
