"""Work to be owed, waited for and checked."""

import itertools
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg

from db import jobs as job_rows
from db.engine import owner_url
from db.jobs import DIED, LATE, NewJob
from db.transaction import is_transient, transaction
from domain.accounting.sources import KIND as ACCOUNTING
from domain.jobs.lanes import LANES
from domain.jobs.submission import enqueue
from tests import checker
from tests.checker import Accepted
from tests.tenant import Tenant
from tests.waiting import wait_until

PROCESSING = "SELECT count(*) FROM jobs WHERE status = 'PROCESSING'"
UNACCOUNTED = """
    SELECT invoices.id FROM invoices LEFT JOIN journal_entries AS e
        ON source_type = 'invoice' AND source_id = invoices.id AND deleted_at IS NULL
    WHERE e.id IS NULL"""
UNFINISHED = "SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'PROCESSING')"
_clients = itertools.count(1)


def owe_invoices(*tenants: Tenant, count: int) -> list[Accepted]:
    """Commit `count` requests as the API does: one organization's, its suppliers in turns in the order given."""
    in_turns = itertools.islice(itertools.cycle(tenants), count)
    payloads = [
        (f"supplier:{tenant.supplier_id}", tenant.request(f"Client {next(_clients) % 50}").payload())
        for tenant in in_turns
    ]
    organization_id = tenants[0].id
    with transaction() as session:
        ids = enqueue(session, organization_id, "invoice.generate", payloads)
    return [Accepted(organization_id, job_id) for job_id in ids]


def owe(
    tenant: Tenant,
    kind: str,
    payloads: Sequence[dict[str, Any]],
    max_attempts: int = 3,
    priority: int = 1,
    lane: str = "default",
) -> list[Accepted]:
    """Commit jobs of a kind that only the processes under test know."""
    jobs = [NewJob(tenant.id, payload) for payload in payloads]
    with transaction() as session:
        ids = job_rows.enqueue(session, kind, lane, priority, max_attempts, jobs)
    return [Accepted(tenant.id, job_id) for job_id in ids]


def late_invoice(tenant: Tenant, **faults: object) -> dict[str, Any]:
    """Return the payload of an invoice request whose handler also does what `faults` says."""
    return tenant.request().payload() | faults


def slow_commits(table: str, seconds: float) -> None:
    """Make each commit of a transaction that inserted into `table` take up to `seconds`, its locks held."""
    fetch(f"""
        CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF coalesce(current_setting('linger.done', true), '') = '' THEN
                PERFORM set_config('linger.done', 'yes', true), pg_sleep(random() * {seconds});
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION linger()""")


def fetch(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, on the test's own connection; a new one when the server cut the old."""
    try:
        return _ask(statement, parameters)
    except (psycopg.OperationalError, psycopg.InterfaceError):
        _connection.cache_clear()
        return _ask(statement, parameters)


def _ask(statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
    with _connection(owner_url()).cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


@lru_cache(maxsize=1)
def _connection(url: str) -> Any:
    return psycopg.connect(url, autocommit=True, connect_timeout=5, tcp_user_timeout=5000)


def value(statement: str, *parameters: object) -> Any:
    return fetch(statement, *parameters)[0][0]


def statuses() -> dict[str, int]:
    """Return how many of the jobs that a test has owed are in each state."""
    return dict(fetch("SELECT status, count(*) FROM jobs WHERE kind <> %s GROUP BY status", ACCOUNTING))


def incidents(name: str) -> int:
    return sum(count for (count,) in fetch("SELECT count FROM incidents WHERE name = %s", name))


def drain(seconds: float) -> None:
    """Return when every job has ended; fail after `seconds`."""
    try:
        wait_until(lambda: value(UNFINISHED) == 0, seconds)
    except AssertionError:
        raise AssertionError(f"not drained after {seconds} s: {statuses()}") from None


def drain_killed(seconds: float) -> None:
    """Drain; what was killed at its every attempt FAILED, and gets a new start as an operator would give it."""
    drain(seconds)
    killed = fetch("SELECT organization_id, id FROM jobs WHERE status = 'FAILED' AND error = ANY(%s)", [LATE, DIED])
    with transaction() as session:
        for organization_id, job_id in killed:
            job_rows.requeue(session, organization_id, job_id)
    drain(seconds)


def verify(accepted: Sequence[Accepted], broker_url: str | None = None) -> None:
    """Fail unless all invariants hold and each accepted job is COMPLETED."""
    checker.check(owner_url(), accepted, broker_url=broker_url)
    assert statuses() == {"COMPLETED": len(accepted)}
    assert fetch(UNACCOUNTED) == []


def verify_at_least(accepted: Sequence[Accepted]) -> None:
    """Fail unless all invariants hold; a request whose answer was cut may have been accepted besides."""
    checker.check(owner_url(), accepted)
    assert statuses().keys() == {"COMPLETED"}
    assert fetch(UNACCOUNTED) == []
    assert statuses()["COMPLETED"] >= len(accepted)


class Intake:
    """Within its `with`, a thread goes on accepting invoices; what fails was answered with an error."""

    def __init__(self, tenants: Sequence[Tenant], size: int = 10, pause: float = 0.02) -> None:
        self._tenants, self._size, self._pause = tenants, size, pause
        self.accepted: list[Accepted] = []
        self.seconds: list[float] = []
        self.error: BaseException | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        for tenant in itertools.cycle(self._tenants):
            if self._stopping.wait(self._pause):
                return
            started = time.monotonic()
            try:
                self.accepted += owe_invoices(tenant, count=self._size)
                self.seconds.append(time.monotonic() - started)
            except Exception as error:
                if not is_transient(error):
                    self.error = error
                    return

    def __enter__(self) -> "Intake":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        assert self.error is None, self.error


def without_canaries() -> None:
    """Have the canaries of the next minute sent already, so that all messages in the broker are about jobs."""
    fetch("INSERT INTO canaries (lane) SELECT unnest(CAST(%s AS text[])) RETURNING lane", list(LANES))
