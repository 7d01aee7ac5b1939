"""The life of a job: every state and every legal move. The SQL verbs, the constraints and the diagram follow it."""

from enum import StrEnum


class Status(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


FINISHED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
UNFINISHED = frozenset(Status) - FINISHED

MOVES: dict[str, frozenset[tuple[Status | None, Status]]] = {
    "enqueue": frozenset({(None, Status.PENDING)}),
    "claim": frozenset({(Status.PENDING, Status.PROCESSING)}),
    "checkpoint": frozenset({(Status.PROCESSING, Status.PROCESSING), (Status.PROCESSING, Status.CANCELLED)}),
    "complete": frozenset({(Status.PROCESSING, Status.COMPLETED)}),
    "retry": frozenset({(Status.PROCESSING, Status.PENDING)}),
    "fail": frozenset({(Status.PROCESSING, Status.FAILED)}),
    "release": frozenset({(Status.PROCESSING, Status.PENDING)}),
    "sweep": frozenset({(Status.PROCESSING, Status.PENDING), (Status.PROCESSING, Status.FAILED)}),
    "cancel": frozenset({(Status.PENDING, Status.CANCELLED)}),
    "requeue": frozenset({(Status.FAILED, Status.PENDING), (Status.CANCELLED, Status.PENDING)}),
}
