"""The slip that travels through the broker: a kind and job ids, no payload and no secret."""

from collections.abc import Mapping, Sequence
from typing import Any

VERSION = 1


class ForgedMessage(Exception):
    """The message is not one of ours; the rows it may mean are safe in the database."""


# The errors that reading a message of another shape than ours raises.
MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, ForgedMessage)


def body(job_ids: Sequence[int]) -> dict[str, Any]:
    """Return what a task is called with."""
    return {"version": VERSION, "jobs": list(job_ids)}


def read_call(decoded: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of the call in a message; raise ForgedMessage unless it is one call and nothing more."""
    match decoded:
        case [list() as args, dict() as named, dict() as workflow] if not any(workflow.values()):
            return args, named
    raise ForgedMessage("not a call of one task")


def read(args: Sequence[Any], body: Mapping[str, Any]) -> list[int]:
    """Return the job ids that a task was called with; raise ForgedMessage unless the relay wrote it."""
    if args or body.keys() != {"version", "jobs"} or body["version"] != VERSION:
        raise ForgedMessage("unknown shape or version")
    job_ids = body["jobs"]
    if not isinstance(job_ids, list) or not all(type(i) is int and 0 < i < 2**63 for i in job_ids):
        raise ForgedMessage("jobs must be a list of positive integers")
    return job_ids
