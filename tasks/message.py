"""The slip that travels through the broker: a kind and job ids, no payload and no secret."""

from collections.abc import Mapping, Sequence
from typing import Any

VERSION = 1


class ForgedMessage(Exception):
    """The message is not one of ours; the rows it may mean are safe in the database."""


# The errors that reading a message of another shape than ours raises.
MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, ForgedMessage)


# All that a worker needs of a message's headers.
HEADERS = ("lang", "task", "id", "root_id", "parent_id", "argsrepr", "kwargsrepr", "origin", "ignore_result")
# What would make a worker inflate it, wait, hurry, forget, repeat itself, go by another name or do more than the call.
ABUSES = (
    "compression", "eta", "timelimit", "expires", "retries", "shadow", "group", "group_index", "chord", "chain",
    "callbacks", "errbacks", "reply_to", "stamps", "stamped_headers", "replaced_task_nesting",
)  # fmt: skip


def body(job_ids: Sequence[int]) -> dict[str, Any]:
    """Return what a task is called with."""
    return {"version": VERSION, "jobs": list(job_ids)}


def read_headers(headers: Mapping[str, Any], periodic: bool = False) -> dict[str, Any]:
    """Return those headers that a worker needs; raise ForgedMessage if another asks for something.

    Beat's `periodic` work may expire; the time limit that beat writes down is that of the task itself, and dropped.
    """
    of_beat = ("expires", "timelimit") if periodic else ()
    abuses = [name for name in ABUSES if name not in of_beat and _says_something(headers.get(name))]
    if abuses:
        raise ForgedMessage(f"no message of ours has {', '.join(abuses)}")
    return {name: headers[name] for name in (*HEADERS, *of_beat[:1]) if name in headers}


def _says_something(value: Any) -> bool:
    return any(value) if isinstance(value, list) else bool(value)


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
