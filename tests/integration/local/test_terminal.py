"""A terminal, over which somebody may look, is told no secret of the stack unless it asks."""

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from local.part import COUNTERFOIL
from local.stack import SECRETS
from settings import child_environment

STOP_TIMEOUT = 30


def facts_on_a_terminal(data_dir: Path, *options: str) -> dict:
    """Return what `up` says in its ready line on a terminal."""
    ours, theirs = pty.openpty()
    command = [*COUNTERFOIL, "up", "--port", "0", "--data-dir", str(data_dir), *options]
    env = child_environment(DATABASE_URL="", BROKER_URL="", TERM="dumb")
    process = subprocess.Popen(command, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        with os.fdopen(ours, "rb", closefd=False) as lines:
            found = next(match for line in lines if (match := re.search(rb"ready (\{.*\})", line)))
        return json.loads(found[1])
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT)
        os.close(ours)


@pytest.mark.parametrize("asked", [False, pytest.param(True, marks=pytest.mark.chaos)])
def test_a_terminal_is_told_secrets_only_if_it_asks(tmp_path, asked):
    facts = facts_on_a_terminal(tmp_path / "data", *(["--json"] if asked else []))
    assert {"url", "supplierId", "secretsIn"} <= facts.keys()
    assert {name for name in SECRETS if name in facts} == (set(SECRETS) if asked else set())
    kept = json.loads(Path(facts["secretsIn"]).read_text())["embedded"]
    assert all(kept[name] for name in SECRETS)
