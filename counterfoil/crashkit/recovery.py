"""What happens after a death: time passes, the sweep comes by, and another worker takes over."""

from sqlalchemy import text

from db import jobs as job_rows
from db.transaction import statement, transaction
from domain.jobs.execution import run_jobs
from domain.jobs.lifecycle import FINISHED
from domain.jobs.registry import Kind

# Lets every lease end and all that waits for its time fall due, as an hour would.
TIME_PASSES = """
    UPDATE jobs SET lease_expires_at = clock_timestamp() WHERE status = 'PROCESSING';
    UPDATE jobs SET available_at = clock_timestamp() WHERE status = 'PENDING' AND available_at > clock_timestamp();
    UPDATE outbox SET due_at = clock_timestamp() WHERE due_at > clock_timestamp()"""
MAX_ROUNDS = 100


def finish(kind: Kind, job_id: int) -> None:
    """Run a job as workers of later do, until it has ended; raise AssertionError if it never does."""
    for _ in range(MAX_ROUNDS):
        with statement() as session:
            [job] = job_rows.states(session, [job_id])
        if job.status in FINISHED:
            return
        with transaction() as session:
            session.execute(text(TIME_PASSES))
        with statement() as session:
            job_rows.sweep(session, whole=True)
        run_jobs(kind, [job_id])
    raise AssertionError(f"{kind.name}: the job has not ended after {MAX_ROUNDS} runs")
