"""The speed of the disk and of PostgreSQL by themselves, so that the figures of two machines can be told apart."""

import re
from functools import partial

import psycopg

from bench.ceiling import ceiling, pgbench
from bench.machine import Machine
from bench.rivals.installation import call
from bench.rivals.places import database
from bench.runs import several
from local.binaries import postgres_programs

SECONDS, HOT_CLIENTS = 4, 8
FLUSHES = re.compile(r"fdatasync +([\d.]+) ops/sec")


def measure(machine: Machine) -> dict:
    """Return what each does a second; H1 is one supplier's invoices one by one, each in a transaction of its own."""
    plan = {
        "fdatasync of one block": partial(flushes, machine),
        "one-row commits, 1 client": partial(commits, machine, 1),
        "one-row commits, 16 clients": partial(commits, machine, 16),
        "H1": partial(ceiling, machine, 1, SECONDS, 1, HOT_CLIENTS),
    }
    return {name: several(name, run) for name, run in plan.items()}


def rows(figures: dict) -> list[dict]:
    """Return nothing: there is no goal for a machine."""
    return []


def flushes(machine: Machine) -> float:
    """Return the blocks a second that the disk confirms one by one."""
    program = str(postgres_programs() / "pg_test_fsync")
    said = call([program, "--secs-per-test=1", f"--filename={machine.folder / 'flushed'}"], {})
    return float(FLUSHES.findall(said)[0])


def commits(machine: Machine, clients: int) -> float:
    """Return the commits of one row a second, each confirmed by the disk."""
    script = machine.folder / "commit.sql"
    script.write_text("INSERT INTO rows VALUES (1);\n")
    with database(machine) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE rows (one int)")
        return pgbench(url, script, clients, SECONDS)
