"""Jobs that are done while their caller waits, if they can be; otherwise the caller is told where to look."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from flask import Response, g
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.http.idempotency import Answer, amend, once, refusal
from api.http.preferences import ASYNC, prefers_async
from api.http.problems import Refused
from api.jobs.direct_path import NO_SLOT, direct_path
from db.transaction import is_transient, transaction
from domain.jobs import catalogue
from domain.jobs.lifecycle import Status

# An operation of this many lines or more is a job's work from the start, unless it was asked for while waiting.
MIN_LINES_FOR_A_JOB = 10


class Operation(ABC):
    """A caller's request as one job of the kind `kind_name`."""

    kind_name: str

    @abstractmethod
    def accept(self, session: Session, held: float) -> Answer:
        """Owe the job, which the relay leaves alone for `held` seconds; return the 202 with its `jobId`."""

    @abstractmethod
    def done(self, session: Session, accepted: Mapping[str, Any]) -> Answer:
        """Return the answer for the job that has ended well; `accepted` is the body of the 202."""

    @abstractmethod
    def withdraw(self, session: Session, accepted: Mapping[str, Any]) -> bool:
        """See to it that the failed job has no effect, as its caller is told 409; return False if it goes on."""


def outcome_of(operation: Operation, at_once: bool = True) -> Response:
    """Answer as done if the operation's job has ended well by then, 409 if it has failed, else as accepted.

    The job is tried here if `at_once`, unless the caller prefers not to wait.
    """
    if prefers_async():
        response = once(lambda session: operation.accept(session, 0.0)).response()
        response.headers["Preference-Applied"] = ASYNC
        return response
    with direct_path().slot(operation.kind_name) if at_once else nullcontext(NO_SLOT) as slot:
        answer = once(lambda session: operation.accept(session, slot.held))
        if answer.replayed or not at_once:
            return answer.response()
        slot.run(operation.kind_name, [answer.body["jobId"]])
    return finished(answer, lambda session: _outcome(session, answer, operation))


def finished(accepted: Answer, outcome: Callable[[Session], Answer]) -> Response:
    """Answer with the outcome, which is kept for a repeated request; as accepted if the database cannot tell it."""
    try:
        with transaction() as session:
            return amend(session, outcome(session)).response()
    except SQLAlchemyError as error:
        if not is_transient(error):
            raise
        return accepted.response()  # a 503 would have it sent again


def _outcome(session: Session, accepted: Answer, operation: Operation) -> Answer:
    job = catalogue.get(session, g.organization_id, accepted.body["jobId"])
    if job.status == Status.COMPLETED:
        return operation.done(session, accepted.body)
    if job.status == Status.FAILED and operation.withdraw(session, accepted.body):
        return refusal(Refused(409, job.error or "the job failed", jobId=job.id))
    if job.status == Status.CANCELLED:
        return refusal(Refused(409, f"job {job.id} was cancelled; retry it to go on", jobId=job.id))
    return accepted
