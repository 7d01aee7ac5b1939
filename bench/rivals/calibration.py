"""What the disk and PostgreSQL do by themselves, so that the figures of two machines can be told apart."""

import re

import psycopg

from bench.machine import Machine
from bench.rivals.installation import Skipped, call
from bench.rivals.places import database
from bench.workloads import pgbench
from local.binaries import postgres_programs

CLIENTS, SECONDS = (1, 16), 5
FLUSHES = re.compile(r"fdatasync +([\d.]+) ops/sec")


def flushes(machine: Machine) -> float:
    """Return the blocks a second that the disk confirms one by one; raise Skipped if that cannot be measured."""
    program = postgres_programs() / "pg_test_fsync"
    if not program.exists():
        raise Skipped("no pg_test_fsync among the programs of PostgreSQL")
    said = call([str(program), "--secs-per-test=1", f"--filename={machine.folder / 'flushed'}"], {})
    found = FLUSHES.search(said)
    if found is None:
        raise Skipped("pg_test_fsync measured no fdatasync")
    return float(found[1])


def commits(machine: Machine, clients: int) -> float:
    """Return the commits of one row a second, each confirmed by the disk."""
    script = machine.folder / "commit.sql"
    script.write_text("INSERT INTO rows VALUES (1);\n")
    with database(machine) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE rows (one int)")
        return pgbench(url, script, clients, SECONDS)
