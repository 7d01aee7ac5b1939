"""A worker that dies at any point leaves one run for each event, and each action done once."""

from typing import Any

import psycopg
from sqlalchemy.orm import Session

from counterfoil.crashkit.trial import every_point
from db.models import ApiKey
from domain.automations import registration
from domain.automations.triggering import KIND as RUN
from domain.automations.triggering import trigger
from domain.events import sequencing
from domain.events.telling import KIND as SEQUENCE
from domain.events.telling import News, tell
from domain.identity import keys

EVENTS = 3
RUNS = """
    SELECT automation_id, array_agg(sequence ORDER BY sequence), count(DISTINCT job_id)
    FROM automation_runs GROUP BY 1"""
DONE = """
    SELECT status, actions -> 0 ->> 'status'
    FROM automation_runs WHERE status <> 'pending'"""
FIELDS: dict[str, Any] = {
    "name": "Probe", "trigger": {"event": "job.failed"}, "conditions": [{"field": "error", "op": "is", "value": "x"}],
    "actions": [{"do": "retry_job", "jobId": "{{data.jobId}}"}],
    "repeat": False, "enabled": True,
}  # fmt: skip


def told(session: Session, organization_id: int, failed: int = 1) -> None:
    """Make two automations, and tell of three jobs that have failed."""
    keys.create(session, organization_id, "first")
    [key_id] = [key.id for key in session.query(ApiKey)]
    for _ in range(2):
        registration.create(session, organization_id, f"key:{key_id}", FIELDS)
    tell(
        session,
        organization_id,
        [News("job.failed", {"jobId": failed + n, "kind": "x", "error": "x"}) for n in range(EVENTS)],
    )


def fired_once(connection: psycopg.Connection) -> None:
    found = connection.execute(RUNS).fetchall()
    assert [(numbers, jobs) for _, numbers, jobs in found] == [([1, 2, 3], EVENTS)] * 2


def test_each_event_fires_once_wherever_its_worker_dies(template_database, record_property):
    def prepare(session: Session, organization_id: int) -> dict[str, Any]:
        told(session, organization_id)
        return {}

    points = every_point(template_database, SEQUENCE, prepare, [fired_once])
    record_property("points", len(points))
    assert {"after create_runs", "after remember_subjects", "after commit"} <= {*points}, "the hooks are blind"


def test_each_action_is_done_once_wherever_its_worker_dies(template_database, record_property):
    def prepare(session: Session, organization_id: int) -> dict[str, Any]:
        failed = a_failed_job(session, organization_id)
        told(session, organization_id, failed)
        batch = sequencing.sequence(session, organization_id, 100)
        trigger(session, organization_id, batch.events[:1])
        payload = session.connection().exec_driver_sql("SELECT payload FROM open_jobs WHERE kind = %s", (RUN,))
        return dict(payload.scalars().first() or {})

    def done_once(connection: psycopg.Connection) -> None:
        assert connection.execute(DONE).fetchall() == [("succeeded", "done")]
        assert connection.execute("SELECT status FROM jobs WHERE kind = 'webhook.deliver'").fetchall() == [("PENDING",)]
        assert connection.execute("SELECT count(*) FROM automation_jobs").fetchall() == [(1,)]

    points = every_point(template_database, RUN, prepare, [done_once])
    record_property("points", len(points))
    assert {"after requeue", "after complete", "after commit"} <= {*points}, "the hooks are blind"


def a_failed_job(session: Session, organization_id: int) -> int:
    """Return a job that has failed; who would do it does not matter here."""
    row = session.connection().exec_driver_sql(
        "INSERT INTO open_jobs (organization_id, kind, lane, payload, max_attempts, status, completed_at, error)"
        " VALUES (%s, 'webhook.deliver', 'io', '{}', 3, 'FAILED', clock_timestamp(), 'x') RETURNING id",
        (organization_id,),
    )
    return row.scalar_one()
