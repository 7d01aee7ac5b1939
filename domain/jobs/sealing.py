"""What a payload says of persons is encrypted while its job is owed, and opened for the handler alone.

It is sealed under the organization's data key, where the installation has a master key; the job that is completed keeps
none of it.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy.orm import Session

from db.jobs import ClaimedJob
from domain import encryption
from domain.encryption import DataKey
from domain.jobs.registry import SEALED, Kind
from domain.master_keys import MasterKeyLacking, Undecryptable

COLUMN = "jobs.payload"
# A job has no id before it is written: within its organization nothing tells one job's from another's.
ANY_ROW = 0


def sealed(kind: Kind, organization_id: int, payload: Mapping[str, Any], key: DataKey | None) -> Mapping[str, Any]:
    """Return a payload whose personal fields are encrypted under `key`; as it is without one, or without any."""
    said = {name: payload[name] for name in kind.personal if payload.get(name) is not None}
    if key is None or not said:
        return payload
    rest = {name: value for name, value in payload.items() if name not in said}
    value = key.seal(organization_id, COLUMN, ANY_ROW, orjson.dumps(said).decode())
    return {**rest, SEALED: b64encode(value).decode()}


def opened(session: Session, organization_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload as it was before it was sealed; raise Undecryptable, or MasterKeyLacking."""
    if SEALED not in payload:
        return dict(payload)
    rest = {name: value for name, value in payload.items() if name != SEALED}
    value = b64decode(payload[SEALED])
    return rest | orjson.loads(encryption.decrypt(session, organization_id, COLUMN, ANY_ROW, value))


def opened_all(session: Session, jobs: list[ClaimedJob]) -> tuple[list[ClaimedJob], dict[int, Exception]]:
    """Return the jobs with their payloads opened, and by its id why one could not be."""
    lost: dict[int, Exception] = {}
    for n, job in enumerate(jobs):
        if SEALED in job.payload:
            try:
                jobs[n] = job._replace(payload=opened(session, job.organization_id, job.payload))
            except (Undecryptable, MasterKeyLacking) as error:
                lost[job.id] = error
    return jobs, lost
