"""Each peer in an environment of its own under bench/.peers, at the versions pinned here, made at its first use."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from local.process import run
from settings import child_environment

ENVIRONMENTS = Path(__file__).parents[1] / ".peers"
PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 600
LONGEST_WORD = 120


class Skipped(Exception):
    """This peer is not measured; the message says why in one line."""


class Program(NamedTuple):
    """A command line and what its environment needs besides ours."""

    command: list[str]
    environment: Mapping[str, str]

    def call(self, *arguments: str, **environment: str) -> str:
        """Return what the program printed; raise Skipped unless it ends well."""
        return call([*self.command, *arguments], {**self.environment, **environment})


def python_program(name: str, *pins: str) -> Program:
    folder = ENVIRONMENTS / name
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins]
    _once(folder, pins, [sys.executable, "-m", "venv", str(folder)], install)
    return Program([python, str(PROGRAMS / f"{name}_jobs.py")], {})


def node_program(name: str, *pins: str) -> Program:
    folder = ENVIRONMENTS / name
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _once(folder, pins, ["npm", "install", "--prefix", str(folder), *options, *pins])
    return Program(["node", str(PROGRAMS / f"{name}.js")], {"NODE_PATH": str(folder / "node_modules")})


def _once(folder: Path, pins: tuple[str, ...], *commands: list[str]) -> None:
    installed = folder / "installed"
    if installed.exists() and installed.read_text() == "\n".join(pins):
        return
    print(f"installing {', '.join(pins)} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in commands:
        call(command, {})
    installed.write_text("\n".join(pins))


def call(command: list[str], environment: Mapping[str, str]) -> str:
    """Return what `command` printed; raise Skipped unless it ends well."""
    try:
        done = run(command, env=child_environment(**environment), timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Skipped(in_a_line(str(error))) from None
    if done.returncode:
        raise Skipped(in_a_line(f"{done.stdout}\n{done.stderr}"))
    return done.stdout


def in_a_line(text: str) -> str:
    """Return the line of a program's last words that says what went wrong."""
    lines = [line for line in text.splitlines() if line.strip()] or ["it said nothing"]
    said = next((line for line in lines if "error" in line.lower() and not line[0].isspace()), lines[-1])
    return said.strip().replace("|", "/")[:LONGEST_WORD]
