"""Jobs in bulk. Each starts what it needs, counts only a run whose result is right, and returns jobs a second."""

from bench.backlog import BATCH, Workload
from bench.machine import CELERY_OPTIONS, Machine, wait_for
from db.transaction import transaction
from domain.invoices.intake import accept
from domain.jobs.submission import enqueue

# The relay sends jobs of a kind it does not know one by one, so it too must know the bench's own.
CHAIN = (("bench.command", "relay"), ("bench.command", "worker"))
WARM_UP = 500
# So often whoever drains is asked whether it is done, ours and others.
PAUSE = 0.05
# Asked while the clock runs, so it must cost nothing.
BUSY = "SELECT EXISTS (SELECT FROM open_jobs WHERE status IN ('PENDING', 'PROCESSING'))"
SPAN = "SELECT extract(epoch FROM max(completed_at) - {since}) FROM jobs WHERE id BETWEEN :first AND :last"


def bare_celery(machine: Machine, count: int) -> float:
    """Return no-op tasks a second that a worker with two processes drains from a full queue."""
    from bench.peers import noop

    for number in range(count):
        noop.delay(number)
    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "noop", *CELERY_OPTIONS)):
        started = wait_for(lambda: machine.depth("noop") < count - 50, pause=PAUSE)
        left = machine.depth("noop")
        return left / (wait_for(lambda: machine.depth("noop") == 0, pause=PAUSE) - started)


def naive(machine: Machine, count: int) -> float:
    """Return invoices a second of the naive design, one supplier."""
    from bench.peers import naive as task

    work = Workload(1)
    ids = work.submit(count)
    machine.scalar("WITH gone AS (DELETE FROM outbox RETURNING 1) SELECT count(*) FROM gone")
    for job_id in ids:
        task.delay(job_id)
    with machine.running(("celery", "-A", "bench.peers", "worker", "-Q", "naive", *CELERY_OPTIONS)):
        await_end(machine)
    work.verify(count)
    return count / _seconds(machine, "min(completed_at)", ids)


def invoices(machine: Machine, count: int, suppliers: int) -> float:
    """Return invoices a second from the first bulk intake to the last one COMPLETED; relay and worker stood idle."""
    work = Workload(suppliers)
    with machine.running(*CHAIN):
        issue(machine, work, WARM_UP)
        rate = issue(machine, work, count)
    work.verify(WARM_UP + count)
    return rate


def issue(machine: Machine, work: Workload, count: int) -> float:
    """Accept invoice requests, 1,000 a call, by a running chain; return invoices a second until all are COMPLETED."""
    requests = [work.request(number) for number in range(count)]
    ids: list = []
    start = machine.scalar("SELECT clock_timestamp()")
    for first in range(0, count, BATCH):
        with transaction() as session:
            ids += accept(session, requests[first : first + BATCH])
    await_end(machine)
    return count / _seconds(machine, ":start", ids, start=start)


def counterfoil_noop(machine: Machine, count: int) -> float:
    """Return no-op jobs a second through outbox, relay and worker, from a backlog that is there at the start."""
    organization_id = Workload(1).organization_id
    ids: list[int] = []
    for start in range(0, count, BATCH):
        with transaction() as session:
            ids += enqueue(session, organization_id, "bench.noop", [("", {})] * min(BATCH, count - start))
    machine.settle()
    with machine.running(*CHAIN):
        await_end(machine)
    done = "SELECT count(*) FROM jobs WHERE status = 'COMPLETED' AND id = ANY(:ids)"
    if machine.scalar(done, ids=ids) != count:
        raise AssertionError(f"the run does not count: not all of {count} no-op jobs are done")
    return count / _seconds(machine, "min(started_at)", ids)


def await_end(machine: Machine) -> None:
    """Return when no job waits or runs."""
    wait_for(lambda: not machine.scalar(BUSY), pause=PAUSE)


def _seconds(machine: Machine, since: str, ids: list[int], **parameters: object) -> float:
    """Return the seconds from `since` until the last of the jobs was completed."""
    return float(machine.scalar(SPAN.format(since=since), first=ids[0], last=ids[-1], **parameters))
