"""The ceiling: our statements in PostgreSQL, without the queue around them."""

import subprocess
from pathlib import Path

import orjson
import psycopg

from bench.backlog import Workload
from bench.machine import Machine
from db.queries import statement
from db.transaction import transaction
from domain.invoices import generation
from domain.invoices.intake import KIND
from domain.jobs.registry import find
from local.binaries import postgres_programs

WORKERS = 2
TABLE = "DROP TABLE IF EXISTS drafts; CREATE TABLE drafts (place bigint PRIMARY KEY, content text NOT NULL)"
# What the last invoice of each series adds; pgbench would take a colon without a space for the name of a variable.
COUNTS = """'"counts": {"stored_bytes": 0, "day": "2026-01-01", "day_start": 0, "year_base": 0},'"""
# The JSON text that a worker sends, made of what it would have: drafts and the numbers that follow in locked series.
INVOICES = f"""(SELECT CAST('[' || string_agg(format(
        '{{"supplier_id":%s,"number":%s,"invoice_number":"INV-%s","job_id":%s,%s%s',
        supplier_id, last_number + n, last_number + n, nextval('jobs_ids'), CASE n WHEN :each THEN {COUNTS} END,
        content), ',') || ']' AS jsonb)
    FROM (SELECT *, row_number() OVER (ORDER BY supplier_id, n) AS place
          FROM number_series CROSS JOIN generate_series(1, :each) AS n
          WHERE supplier_id BETWEEN :low AND :high AND code = 'invoice') AS numbered JOIN drafts USING (place))"""
SCRIPT = """\
\\set low :first + :client_id * :apart + random(0, :room)
\\set high :low + :spread - 1
BEGIN;
{lock};
{issue};
COMMIT;
"""


def ceiling(machine: Machine, suppliers: int, seconds: int, group: int = 0, clients: int = WORKERS) -> float:
    """Return the invoices a second that pgbench issues with our own statements.

    A `group` in each transaction, by default as many as a message has at the most.

    In it: the counters locked, the JSON parsed, invoices and lines written with all their indexes, the counters moved,
    the commit. As in a worker's message, the invoices of a group are of as many suppliers as there are, and no two
    clients share one unless there is only one. Not in it: intake, claim, drafting, hashing, the accounts' note of each
    invoice, completion.
    """
    work = Workload(suppliers)
    group = group or find(KIND).group
    _keep_drafts(machine, work, group)
    spread, apart = min(suppliers, group), suppliers // clients
    shape = {
        "first": work.suppliers[0], "apart": apart, "room": max(apart - spread, 0), "spread": spread,
        "each": group // spread,
    }  # fmt: skip
    script = machine.folder / "ceiling.sql"
    script.write_text(_script())
    defines = [f"--define={name}={value}" for name, value in shape.items()]
    return pgbench(machine.postgres.url, script, clients, seconds, *defines) * group


def _keep_drafts(machine: Machine, work: Workload, group: int) -> None:
    with transaction() as session:
        drafts = generation.draft(session, [work.request(number) for number in range(group)])
    fixed = {"issue_date": "2026-01-01", "hash": "00" * 32}
    contents = [orjson.dumps(_said(draft | fixed)).decode()[1:] for draft in drafts]
    with psycopg.connect(machine.postgres.url) as connection:
        connection.execute(TABLE)
        connection.cursor().executemany("INSERT INTO drafts VALUES (%s, %s)", enumerate(contents, 1))
    machine.settle()


def _said(draft: dict) -> dict:
    left_out = ("supplier_id", "job_id", "e_invoice", "today")
    return {name: value for name, value in draft.items() if name not in left_out and value is not None}


def _script() -> str:
    between = "(SELECT array_agg(n) FROM generate_series(:low, :high) AS n)"
    lock = statement("lock_counters").replace("CAST(%(supplier_ids)s AS bigint[])", f"CAST({between} AS bigint[])")
    issue = statement("issue_invoices").replace("CAST(%(invoices)s AS jsonb)", INVOICES)
    codes = "array_fill(CAST('invoice' AS text), ARRAY[:high - :low + 1])"
    return SCRIPT.format(lock=lock.replace("CAST(%(codes)s AS text[])", codes), issue=issue)


def pgbench(url: str, script: Path, clients: int, seconds: int, *defines: str) -> float:
    """Return the transactions a second that pgbench does with `script`."""
    command = [
        str(postgres_programs() / "pgbench"), "--no-vacuum", f"--client={clients}", "--jobs=2",
        f"--time={seconds}", *defines, f"--file={script}", url,
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    tps = next(line for line in done.stdout.splitlines() if line.startswith("tps"))
    return float(tps.split()[2])
