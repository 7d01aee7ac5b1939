"""What is counted: runs, waits and incidents."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import run


class Recent(NamedTuple):
    """Latest runs of a kind: how many, their jobs and seconds, and sums of squares and products; all fading."""

    runs: float
    jobs: float
    seconds: float
    jobs_squared: float
    jobs_seconds: float


def recent_runs(session: Session) -> dict[str, Recent]:
    """Return the latest runs of each kind, as the worker that reported last has them."""
    return {kind: Recent(*sums) for kind, *sums in run(session, "recent_runs")}


def record_incident(session: Session, name: str, count: int = 1) -> None:
    """Count a refusal under `name`, so that the person on call sees it."""
    run(session, "record_incident", name=name, count=count)


def record_run(session: Session, waits: Mapping[int, Sequence[int]], **figures: Any) -> None:
    """Add a delivery's figures, named as in record_run.sql, to the statistics of its worker.

    `waits` has how many jobs of each organization fall into each bucket.
    """
    arrays = {organization_id: "{" + ",".join(map(str, counts)) + "}" for organization_id, counts in waits.items()}
    run(session, "record_run", waits=json.dumps(arrays), **figures)
