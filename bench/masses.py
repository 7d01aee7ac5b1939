"""Millions of rows as a long life leaves them, written by the server alone."""

import json
from collections.abc import Iterator

from sqlalchemy import text

from bench.backlog import Workload
from bench.machine import Machine

CHUNK = 100_000
DIFFERENT = 1000
RETENTION_DAYS = 90
# Each of the different requests, over and over; the oldest first.
REQUESTS = """
FROM generate_series(CAST(:first AS bigint), :last) AS n
JOIN unnest(CAST(:payloads AS jsonb[]), CAST(:keys AS text[])) WITH ORDINALITY AS t (payload, key, place)
    ON place = 1 + n % :different
"""
# A day ago: before whatever is accepted while they are worked off.
WAITING = f"""
WITH job AS (
    INSERT INTO open_jobs (organization_id, kind, lane, max_attempts, payload, group_key, created_at, available_at)
    SELECT :organization, 'invoice.generate', 'default', 5, payload, key, at, at
    FROM (SELECT *, clock_timestamp() - interval '1 day' + n * interval '1 microsecond' AS at {REQUESTS}) AS request
    ORDER BY n RETURNING id, group_key, available_at
)
INSERT INTO outbox (job_id, organization_id, kind, lane, priority, group_key, due_at)
SELECT id, :organization, 'invoice.generate', 'default', 1, group_key, available_at FROM job
"""
DONE = f"""
INSERT INTO completed_jobs (organization_id, kind, lane, max_attempts, payload, group_key, status, attempts, progress,
    worker, result, created_at, available_at, started_at, completed_at)
SELECT :organization, 'invoice.generate', 'default', 5, payload, key, 'COMPLETED', 1, 1, 'bench:1',
    jsonb_build_object('invoiceId', n, 'invoiceNumber', 'INV-' || lpad(CAST(n AS text), 6, '0')), at, at, at, at
FROM (SELECT *, clock_timestamp() - (:total - n) * interval '1 day' * :days / :total AS at {REQUESTS}) AS request
ORDER BY n
"""
# Those of the weeks that a cleanup would have made while the history came about.
WEEKS = """
DO $$
DECLARE
    monday date;
BEGIN
    FOR monday IN SELECT generate_series(
        date_trunc('week', clock_timestamp() - interval '{days} days'), clock_timestamp(), interval '7 days')
    LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS completed_jobs_%s PARTITION OF completed_jobs'
            ' FOR VALUES FROM (%L) TO (%L)', to_char(monday, 'YYYY_MM_DD'), monday, monday + 7);
    END LOOP;
END $$
"""


def owe(machine: Machine, work: Workload, count: int) -> None:
    """Have `count` more invoices of `work` wait, as if they had been accepted a day ago."""
    _write(machine, WAITING, work, count)


def remember(machine: Machine, work: Workload, count: int) -> None:
    """Have `count` jobs of `work` completed, evenly over the days that they are kept; their invoices are not there."""
    machine.execute(WEEKS.format(days=RETENTION_DAYS))
    _write(machine, DONE, work, count, total=count, days=RETENTION_DAYS)


def _write(machine: Machine, statement: str, work: Workload, count: int, **parameters: int) -> None:
    requests = [work.request(number) for number in range(DIFFERENT)]
    parameters |= {"organization": work.organization_id, "different": DIFFERENT}
    texts = {
        "payloads": [json.dumps(request.payload()) for request in requests],
        "keys": [str(request.supplier_id) for request in requests],
    }
    for first, last in _chunks(count):
        with machine.engine.begin() as connection:
            connection.execute(text(statement), {**parameters, **texts, "first": first, "last": last})


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    for first in range(1, count + 1, CHUNK):
        yield first, min(first + CHUNK - 1, count)
