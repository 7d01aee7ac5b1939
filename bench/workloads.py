"""The measurements. Each starts what it needs, counts only a run whose result is right, and returns plain figures."""

import json
import statistics
import subprocess
import time
from pathlib import Path

import psutil
import redis

from bench.backlog import BATCH, Workload
from bench.machine import CELERY_OPTIONS, Machine, wait_for
from db.queries import statement
from db.transaction import transaction
from domain.invoices import generation
from domain.jobs.submission import enqueue
from local.binaries import postgres_programs

# The relay sends jobs of a kind it does not know one by one, so it too must know the bench's own.
CHAIN = (("bench.command", "relay"), ("bench.command", "worker"))
IDLE, WARM_UP = 0.1, 20
UNFINISHED = "SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'PROCESSING')"


def bare_celery(machine: Machine, count: int) -> float:
    """Return no-op tasks a second that a worker with two processes drains from a full queue."""
    from bench.peers import noop

    for number in range(count):
        noop.delay(number)
    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "noop", *CELERY_OPTIONS)):
        started = wait_for(lambda: machine.depth("noop") < count - 50)
        left = machine.depth("noop")
        return left / (wait_for(lambda: machine.depth("noop") == 0) - started)


def naive(machine: Machine, count: int) -> float:
    """Return invoices a second of the naive design, one supplier."""
    from bench.peers import naive as task

    work = Workload(1)
    ids = work.submit(count)
    machine.scalar("WITH gone AS (DELETE FROM outbox RETURNING 1) SELECT count(*) FROM gone")
    for job_id in ids:
        task.delay(job_id)
    done = f"SELECT count(*) FROM jobs WHERE id >= {ids[0]} AND status = 'COMPLETED'"
    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "naive", *CELERY_OPTIONS)):
        started = wait_for(lambda: machine.scalar(done) > 20)
        before = machine.scalar(done)
        finished = wait_for(lambda: machine.scalar(done) == count)
    work.verify(count)
    return (count - before) / (finished - started)


def counterfoil(machine: Machine, count: int, suppliers: int) -> float:
    """Return invoices a second through outbox, relay and worker, from a backlog that is there at the start."""
    work = Workload(suppliers)
    rate = _drained(machine, work.submit(count))
    work.verify(count)
    return rate


def counterfoil_noop(machine: Machine, count: int) -> float:
    """Return no-op jobs a second through outbox, relay and worker, from a backlog that is there at the start."""
    organization_id = Workload(1).organization_id
    ids: list[int] = []
    for start in range(0, count, BATCH):
        with transaction() as session:
            ids += enqueue(session, organization_id, "bench.noop", [("", {})] * min(BATCH, count - start))
    machine.settle()
    rate = _drained(machine, ids)
    done = "SELECT count(*) FROM jobs WHERE status = 'COMPLETED' AND id = ANY(:ids)"
    if machine.scalar(done, ids=ids) != count:
        raise AssertionError(f"the run does not count: not all of {count} no-op jobs are done")
    return rate


def _drained(machine: Machine, ids: list[int]) -> float:
    with machine.running(*CHAIN):
        wait_for(lambda: machine.scalar(UNFINISHED) == 0)
    span = "SELECT extract(epoch FROM max(completed_at) - min(started_at)) FROM jobs WHERE id BETWEEN :first AND :last"
    return len(ids) / float(machine.scalar(span, first=ids[0], last=ids[-1]))


def ceiling(machine: Machine, suppliers: int, seconds: int) -> float:
    """Return invoices a second that pgbench issues with our statement, 200 a transaction, two clients."""
    work = Workload(suppliers)
    script = machine.folder / "ceiling.sql"
    script.write_text(_ceiling_script(machine, work))
    between = (f"--define=first={work.suppliers[0]}", f"--define=last={work.suppliers[-1]}")
    return pgbench(machine.postgres.url, script, 2, seconds, *between) * 200


def pgbench(url: str, script: Path, clients: int, seconds: int, *defines: str) -> float:
    """Return the transactions a second that pgbench does with `script`."""
    command = [
        str(postgres_programs() / "pgbench"), "--no-vacuum", f"--client={clients}", "--jobs=2",
        f"--time={seconds}", *defines, f"--file={script}", url,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    tps = next(line for line in done.stdout.splitlines() if line.startswith("tps"))
    return float(tps.split()[2])


def _ceiling_script(machine: Machine, work: Workload) -> str:
    with transaction() as session:
        (draft,) = generation.draft(session, [work.request(0)])
    document = json.dumps(
        draft | {"series_code": "invoice", "issue_date": "2026-01-01", "hash": "00" * 32, "job_id": None}
    )
    numbered = (
        "(SELECT jsonb_agg(CAST('" + document.replace("'", "''") + "' AS jsonb) || jsonb_build_object("
        "'supplier_id', :supplier, 'number', n, 'invoice_number', 'INV-' || n)) "
        "FROM generate_series(:number + 1, :number + 200) AS n)"
    )
    issue = statement("issue_invoices").replace("CAST(%(invoices)s AS jsonb)", numbered)
    return (
        "\\set supplier random(:first, :last)\nBEGIN;\n"
        "SELECT last_number AS number FROM number_series WHERE supplier_id = :supplier FOR NO KEY UPDATE \\gset\n"
        f"{issue};\nCOMMIT;\n"
    )


def idle_latency(machine: Machine, count: int) -> dict[str, float]:
    """Return p50 and p99 in ms from accepted to numbered, one request at a time, nothing else to do."""
    work = Workload(1)
    with machine.running(*CHAIN):
        for number in range(count + WARM_UP):
            request = work.request(number)
            with transaction() as session:
                enqueue(
                    session, work.organization_id, "invoice.generate", [(str(request.supplier_id), request.payload())]
                )
            time.sleep(IDLE)
            wait_for(lambda: machine.scalar(UNFINISHED) == 0)
    times = (
        "SELECT 1000 * extract(epoch FROM completed_at - created_at) FROM jobs"
        f" WHERE kind = 'invoice.generate' ORDER BY id DESC LIMIT {count}"
    )
    return _percentiles([float(ms) for ms in machine.scalar(f"SELECT array_agg(ms) FROM ({times}) AS t (ms)")])


def bare_latency(machine: Machine, count: int) -> dict[str, float]:
    """Return p50 and p99 in ms from the call of a bare Celery task to its first line, one at a time."""
    from bench.peers import STARTED, started

    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "noop", *CELERY_OPTIONS)):
        for _ in range(count + WARM_UP):
            started.delay(time.time())
            time.sleep(IDLE)
        wait_for(lambda: machine.depth(STARTED) == count + WARM_UP)
    with redis.Redis.from_url(machine.broker.url) as connection:
        return _percentiles([float(ms) for ms in connection.lrange(STARTED, WARM_UP, -1)])


def _percentiles(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98]}


def queries_at_rest(machine: Machine, part: str, seconds: int) -> float:
    """Return the statements a second (BEGIN and COMMIT not counted) that one part sends with nothing to do."""
    database = machine.scalar("SELECT current_database()")
    machine.execute(f"ALTER DATABASE {database} SET log_statement = 'all'")
    with machine.running(("cli", part)):
        time.sleep(8)
        before = machine.statements
        time.sleep(seconds)
        counted = machine.statements - before
    machine.execute(f"ALTER DATABASE {database} RESET log_statement")
    return counted / seconds


def memory(machine: Machine) -> float:
    """Return the MiB of api, relay, worker (two processes) and beat together after some work, shared pages once."""
    with machine.running(*CHAIN, ("cli", "beat"), ("cli", "api")) as parts:
        work = Workload(1)
        work.submit(2000)
        wait_for(lambda: machine.scalar(UNFINISHED) == 0)
        return sum(_proportional(process) for part in parts for process in _family(part.pid)) / 2**20


def _family(pid: int) -> list[psutil.Process]:
    leader = psutil.Process(pid)
    return [leader, *leader.children(recursive=True)]


def _proportional(process: psutil.Process) -> int:
    return process.memory_full_info().pss
