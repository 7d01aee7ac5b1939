"""Every line that a part says has a time, a level and the part; as JSON, each line is one object."""

import json
import re
import subprocess
import sys

import psycopg

from tests.integration.local.running_stack import RunningStack
from tests.waiting import wait_until

TEXT = re.compile(r"(\w+) +\| \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) (\w+) [\w.]+: .+")
OTHERS = re.compile(r"(postgres|broker) +\| .*|(api|relay|worker|io|ocr|beat) +\| \w+ ready|ready .*")
# Some ten seconds of sweeps and polls.
COMMITS_OF_AN_IDLE_WHILE = 12
PARTS = {"migrate", "api", "relay", "worker"}


def test_each_line_has_a_time_a_level_and_its_part_flower_starts_without_a_word_and_idle_it_is_silent(tmp_path):
    with RunningStack(tmp_path / "data") as stack, psycopg.connect(stack.facts["databaseUrl"]) as database:
        assert not [line for line in stack.lines if line.startswith("flower")]
        stack.issue_one()
        said, commits = len(stack.lines), _commits(database)
        wait_until(lambda: _commits(database) >= commits + COMMITS_OF_AN_IDLE_WHILE, 60, "nothing went on")
        assert stack.lines[said:] == []
        lines = [line for line in stack.lines if not OTHERS.fullmatch(line)]
    found = [TEXT.fullmatch(line) for line in lines]
    assert [line for line, match in zip(lines, found, strict=True) if not match] == []
    assert all(match[1] == match[3] for match in found if match)
    assert {match[3] for match in found if match} >= PARTS


def test_as_json_each_line_is_one_object(tmp_path):
    with RunningStack(tmp_path / "data", COUNTERFOIL_LOG="json") as stack:
        stack.issue_one()
        told = [json.loads(line) for line in stack.lines]
    assert all(line.keys() >= {"time", "level", "part", "message"} for line in told)
    assert {line["part"] for line in told} >= {*PARTS, "up", "postgres", "broker"}


def test_a_mailbox_that_was_read_leaves_no_line_of_its_library():
    program = """
from cli import logs
logs.configure("io", "INFO", "text")
from imapclient import imapclient
imapclient.logger.info("Connection closed")
imapclient.logger.warning("a warning")"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert "a warning" in said
    assert "Connection closed" not in said


def _commits(database: psycopg.Connection) -> int:
    row = database.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()").fetchone()
    database.rollback()
    assert row
    return row[0]
