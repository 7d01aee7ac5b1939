"""The sources that the journal follows: each change of one gives it a new version and a job that enters it."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import fetch, run
from domain.errors import NotFound
from domain.jobs.admission import admission
from domain.jobs.priorities import NORMAL
from domain.jobs.submission import enqueue

KIND = "accounting.recreate"
TYPES = ("invoice", "sale", "purchase", "transfer", "payment", "bill")
MAX_SOURCES_IN_A_JOB = 200
MAX_SOURCES_SYNCHRONIZED, SYNCHRONIZED_SOURCES_IN_A_JOB = 10_000, 100


class Source(NamedTuple):
    type: str
    id: int


class Version(NamedTuple):
    """A source after its n-th change."""

    organization_id: int
    type: str
    id: int
    version: int


class Owed(NamedTuple):
    """A job, and the sources that it recreates."""

    job_id: int
    versions: Sequence[Version]


class Synchronized(NamedTuple):
    """How much was owed; the next call begins after the source `last`, which is None when nothing is left."""

    sources: int
    jobs: int
    last: Source | None


def changed(session: Session, organization_id: int, sources: Collection[Source], priority: int = NORMAL) -> list[Owed]:
    """Owe the journal the next version of each source from the commit of `session` on, which changed them.

    Several sources share a job, so a group of them costs two statements. Raise NotFound for one that
    another organization has.
    """
    if not sources:
        return []
    versions = _next(session, organization_id, sources)
    return _owe(session, organization_id, versions, MAX_SOURCES_IN_A_JOB, priority=priority)


def recreate(session: Session, organization_id: int, sources: Sequence[Source], size: int, **terms: Any) -> list[Owed]:
    """Delete the sources' live entries, and owe the jobs that enter them anew, `size` sources each.

    `terms` are `priority` and `held` of `enqueue`. Raise NotFound or TooManyWaiting, and change nothing then.
    """
    admission.admit(session, organization_id, terms.get("held", 0.0))
    wanted = list(dict.fromkeys(sources))
    known = fetch(session, Source, "find_sources", organization_id=organization_id, **keys(wanted))
    _require(wanted, set(known))
    versions = _next(session, organization_id, wanted)
    run(session, "delete_entries", **keys(versions))
    return _owe(session, organization_id, versions, size, **terms)


def submit(session: Session, organization_id: int, payload: Mapping[str, Any], **terms: Any) -> int:
    """Owe one job that recreates the sources of a payload from outside; return its id. Raise NotFound."""
    sources = [Source(one["type"], one["id"]) for one in payload["documents"]]
    [owed] = recreate(session, organization_id, sources, MAX_SOURCES_IN_A_JOB, **terms)
    return owed.job_id


def synchronize(
    session: Session, organization_id: int, types: Collection[str], after: Source | None = None
) -> Synchronized:
    """Owe the jobs that enter what the journal is behind with, in the order of type and id, from after `after` on.

    Live entries stay until those jobs replace them, so that no sum dips meanwhile. Raise TooManyWaiting.
    """
    admission.admit(session, organization_id)
    after_type, after_id = after or ("", 0)
    rows = run(
        session,
        "find_stale_sources",
        organization_id=organization_id,
        types=list(types),
        after_type=after_type,
        after_id=after_id,
        limit=MAX_SOURCES_SYNCHRONIZED + 1,
    )
    stale = [
        Version(organization_id, row.source_type, row.source_id, row.version) for row in rows[:MAX_SOURCES_SYNCHRONIZED]
    ]
    jobs = _owe(session, organization_id, stale, SYNCHRONIZED_SOURCES_IN_A_JOB, priority=NORMAL) if stale else []
    last = Source(stale[-1].type, stale[-1].id) if len(rows) > len(stale) else None
    return Synchronized(len(stale), len(jobs), last)


def keys(sources: Iterable[Source | Version]) -> dict[str, list[Any]]:
    """Return the parameters by which a statement knows the sources."""
    known = [(one.type, one.id) for one in sources]
    return {"types": [name for name, _ in known], "ids": [number for _, number in known]}


def _next(session: Session, organization_id: int, sources: Collection[Source]) -> list[Version]:
    """Return the sources' new versions, in the order given; their rows are locked. Raise NotFound."""
    rows = run(session, "change_sources", organization_id=organization_id, **keys(sources))
    versions = {Source(*key): version for *key, version in rows}
    _require(sources, versions)
    return [Version(organization_id, *one, versions[one]) for one in dict.fromkeys(sources)]


def _require(sources: Iterable[Source], known: Container[Source]) -> None:
    if missing := [source for source in sources if source not in known]:
        names = ", ".join(f"{one.type} {one.id}" for one in missing)
        raise NotFound(f"not found: {names}", documents=[one._asdict() for one in missing])


def _owe(session: Session, organization_id: int, versions: Sequence[Version], size: int, **terms: Any) -> list[Owed]:
    groups = [versions[start : start + size] for start in range(0, len(versions), size)]
    payloads = [(str(organization_id), {"documents": [_payload(one) for one in group]}) for group in groups]
    return [
        Owed(*owed) for owed in zip(enqueue(session, organization_id, KIND, payloads, **terms), groups, strict=True)
    ]


def _payload(version: Version) -> dict[str, Any]:
    return {"type": version.type, "id": version.id, "version": version.version}
