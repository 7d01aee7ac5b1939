from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from db import queue
from domain.jobs.registry import find

NORMAL = 1


def enqueue(
    session: Session,
    organization_id: int,
    kind_name: str,
    payloads: Sequence[tuple[str, Mapping[str, Any]]],
    priority: int = NORMAL,
) -> list[int]:
    """Owe one job for each (group key, payload) from the commit of `session` on; return their ids in order."""
    kind = find(kind_name)
    return queue.enqueue(session, organization_id, kind.name, kind.lane, priority, kind.max_attempts, payloads)
