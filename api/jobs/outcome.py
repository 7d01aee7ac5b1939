"""Jobs that are done while their caller waits, if they can be; otherwise the caller hears where to look."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from flask import Response, g, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.http.idempotency import Answer, amend, once, refusal
from api.http.problems import Refused
from api.jobs.direct_path import Room, direct_path
from db.transaction import is_transient, transaction
from domain.jobs import catalogue
from domain.jobs.lifecycle import Status

# So many lines and more are a job's work from the start, unless the caller has asked for it to be done at once.
MANY = 10
ASYNC = "respond-async"

Accept = Callable[[Session, float], Answer]
Done = Callable[[Session, dict[str, Any]], Answer]
Withdraw = Callable[[Session, dict[str, Any]], object]


def settled(
    kind_name: str,
    accept: Accept,
    done: Done,
    at_once: bool = True,
    withdraw: Withdraw = lambda session, body: None,
) -> Response:
    """Answer as `done` if the accepted job has ended well by then, 409 if it has failed, else as accepted.

    `accept` writes the job, held back for so many seconds, and answers 202 with its `jobId`; `done` is given the body
    of that answer. The job is tried here if `at_once`, unless the caller prefers not to wait. `withdraw` undoes what
    `accept` wrote for a job that failed, as its caller is told that it was refused.
    """
    if prefers_async():
        response = once(lambda session: accept(session, 0.0)).response()
        response.headers["Preference-Applied"] = ASYNC
        return response
    with direct_path.room(kind_name) if at_once else nullcontext(Room(None)) as room:
        answer = once(lambda session: accept(session, room.held))
        if answer.replayed or not at_once:
            return answer.response()
        room.run(kind_name, [answer.body["jobId"]])
    return finished(answer, lambda session: _outcome(session, answer, done, withdraw))


def finished(accepted: Answer, outcome: Callable[[Session], Answer]) -> Response:
    """Answer with the outcome, which is kept for who asks again; as accepted if the database cannot tell it."""
    try:
        with transaction() as session:
            return amend(session, outcome(session)).response()
    except SQLAlchemyError as error:
        if not is_transient(error):
            raise
        return accepted.response()  # a 503 would have it sent again


def prefers_async() -> bool:
    """Return whether the caller has sent `Prefer: respond-async` (RFC 7240)."""
    preferences = ",".join(request.headers.getlist("Prefer")).split(",")
    return any(preference.partition(";")[0].strip().lower() == ASYNC for preference in preferences)


def _outcome(session: Session, accepted: Answer, done: Done, withdraw: Withdraw) -> Answer:
    job = catalogue.get(session, g.organization_id, accepted.body["jobId"])
    if job.status == Status.COMPLETED:
        return done(session, accepted.body)
    if job.status == Status.FAILED:
        withdraw(session, accepted.body)
        return refusal(Refused(409, job.error or "the job failed", jobId=job.id))
    if job.status == Status.CANCELLED:
        return refusal(Refused(409, f"job {job.id} was cancelled; retry it to go on", jobId=job.id))
    return accepted
