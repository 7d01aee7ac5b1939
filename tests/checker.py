"""Every invariant that must hold after any fault: the one checker that fault tests end with.

I1 no accepted request is lost, I2 one invoice a request and one request a key, I3 numbers without gap
and in order, I4 COMPLETED means one linked invoice, I5 only legal moves, I6 depth returns to zero, I7 no
row refers to another organization's, I9 issued rows unchanged and chained, I10 nothing left behind, I11
stock is the sum of its movements and never below zero, I12 each line of a document moves once a step, and back
when the step is undone, I13 what a job will take and what a half done step brought in is nobody else's, A1 to A3 the
books have each document once, B1 a bill is under way while its job is, E1 each change is told once and numbered
without a gap. It reads with SQL of its own over a connection of its own, in one snapshot. I8 (accepting stays fast)
and what I7 means over HTTP have tests of their own.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import psycopg
import redis
from psycopg.rows import namedtuple_row
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from domain.invoices import ledger
from domain.jobs.lifecycle import MOVES
from domain.money import DECIMALS
from tests.invariants import OPEN_TRANSACTIONS_AND_LOCKS, RULES, WATCH, WATCHED_RULES
from tests.waiting import wait_until

SHOWN = 10
LINGERING = 12.0


@dataclass(frozen=True)
class Accepted:
    """A submission that was answered 2xx."""

    organization_id: int
    request_id: int
    idempotency_key: str | None = None


class Violation(NamedTuple):
    name: str
    text: str
    rows: list[Any]

    def __str__(self) -> str:
        shown = "".join(f"\n    {row}" for row in self.rows[:SHOWN])
        return f"{self.name} violated, not so: {self.text} ({len(self.rows)} rows){shown}"


class InvariantViolated(AssertionError):
    """Names every violated invariant with the rows at fault; `names` is the set of their names."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("\n".join(str(violation) for violation in violations))
        self.names = {violation.name for violation in violations}


def check(
    database: str | Engine,
    accepted: Iterable[Accepted] = (),
    drained: bool = True,
    broker_url: str | None = None,
) -> None:
    """Raise InvariantViolated unless every invariant holds; `drained` says that all work had time to end."""
    with _connect(database) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        violations = [*violated(connection.cursor(), accepted, drained)]
    if drained:
        violations += _leftovers(database)
    if drained and broker_url:
        violations += _broker_leftovers(broker_url)
    if violations:
        raise InvariantViolated(violations)


def watch(database: str | Engine) -> None:
    """Record every move of every job from now on, so that `check` sees illegal ones that left no trace."""
    with _connect(database) as connection:
        connection.execute(WATCH)


def _connect(database: str | Engine) -> Any:
    url = make_url(database) if isinstance(database, str) else database.url
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(dsn, application_name="checker", row_factory=namedtuple_row)


def violated(cursor: Any, accepted: Iterable[Accepted], drained: bool) -> Iterator[Violation]:
    """Return what the rows visible to `cursor`, of named tuples, violate."""
    parameters = {
        "accepted": json.dumps([asdict(one) for one in accepted]),
        "decimals": json.dumps(DECIMALS),
        "moves": [f"{before or '-'}>{after}" for pairs in MOVES.values() for before, after in pairs],
    }
    cursor.execute("SELECT to_regclass('observed_moves') IS NOT NULL AS watched")
    for rule in RULES + (WATCHED_RULES if cursor.fetchone().watched else ()):
        cursor.execute(rule.sql, parameters)
        rows = cursor.fetchall()
        if rows and (drained or not rule.after_drain):
            yield Violation(rule.name, rule.text, rows)
    if broken := [*_broken_links(cursor)]:
        yield Violation("I9", "each invoice is chained by its hash to the one before it", broken)


def _broken_links(cursor: Any) -> Iterator[str]:
    cursor.execute("SELECT * FROM invoice_items ORDER BY invoice_id, line_number")
    lines: dict[int, list[Any]] = {}
    for line in cursor.fetchall():
        lines.setdefault(line.invoice_id, []).append(line)
    cursor.execute("SELECT * FROM invoices ORDER BY supplier_id, series_code, number")
    heads: dict[tuple[int, str], bytes] = {}
    for invoice in cursor.fetchall():
        series = (invoice.supplier_id, invoice.series_code)
        content = ledger.content(invoice, lines.get(invoice.id, []))
        if ledger.link(heads.get(series, ledger.GENESIS), content) != bytes(invoice.hash):
            yield f"invoice id={invoice.id} number={invoice.invoice_number} supplier={invoice.supplier_id}"
        heads[series] = bytes(invoice.hash)


def _leftovers(database: str | Engine) -> list[Violation]:
    rows: list[Any] = []

    def gone() -> bool:
        with _connect(database) as connection:
            rows[:] = connection.execute(OPEN_TRANSACTIONS_AND_LOCKS).fetchall()
        return not rows

    return _lasting(gone, Violation("I10", "no transaction and no advisory lock is left open", rows))


def _broker_leftovers(broker_url: str) -> list[Violation]:
    found: list[str] = []
    with redis.Redis.from_url(broker_url, decode_responses=True) as broker:

        def gone() -> bool:
            # Bindings are the queues' names; the mutex falls due by itself.
            names = broker.scan_iter()
            found[:] = [n for n in names if not n.startswith("_kombu.binding") and n != "unacked_mutex"]
            return not found

        return _lasting(gone, Violation("I10", "no message and no key is left in the broker", found))


def _lasting(gone: Callable[[], bool], violation: Violation) -> list[Violation]:
    """Return the violation unless it goes by itself: a server needs a moment to notice a killed client."""
    try:
        wait_until(gone, timeout=LINGERING)
    except AssertionError:
        return [violation]
    return []
