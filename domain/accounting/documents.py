"""The documents that the journal follows: how often each has changed, and what the journal owes them."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db.queries import run
from domain.errors import NotFound
from domain.jobs.admission import admission
from domain.jobs.submission import NORMAL, enqueue

KIND = "accounting.recreate"
TYPES = ("invoice", "sale", "purchase", "transfer")
MOST_IN_A_JOB = 200
MOST_SYNCHRONIZED, SYNCHRONIZED_IN_A_JOB = 10_000, 100


class Document(NamedTuple):
    type: str
    id: int


class Version(NamedTuple):
    """A document as it was after so many changes."""

    organization_id: int
    type: str
    id: int
    version: int


class Owed(NamedTuple):
    """A job, and the documents that it recreates."""

    job_id: int
    versions: Sequence[Version]


class Synchronized(NamedTuple):
    """`last` is the document to go on after, None when that was all."""

    documents: int
    jobs: int
    last: Document | None


def changed(
    session: Session, organization_id: int, documents: Collection[Document], priority: int = NORMAL
) -> list[Owed]:
    """Owe the journal the next version of each document from the commit of `session` on, which changed them.

    Several documents share a job, so a group of them costs two statements. Raise NotFound for one that
    another organization has.
    """
    if not documents:
        return []
    versions = _next(session, organization_id, documents)
    return _owe(session, organization_id, versions, MOST_IN_A_JOB, priority=priority)


def recreate(
    session: Session, organization_id: int, documents: Sequence[Document], size: int, **terms: Any
) -> list[Owed]:
    """Take what was entered for the documents out of the journal, and owe it anew, `size` of them a job.

    `terms` are `priority` and `held` of `enqueue`. Raise NotFound or TooManyWaiting, and change nothing then.
    """
    admission.admit(session, organization_id, terms.get("held", 0.0))
    wanted = list(dict.fromkeys(documents))
    known = {Document(*row) for row in run(session, "find_documents", organization_id=organization_id, **keys(wanted))}
    _require(wanted, known)
    versions = _next(session, organization_id, wanted)
    run(session, "delete_entries", **keys(versions))
    return _owe(session, organization_id, versions, size, **terms)


def submit(session: Session, organization_id: int, payload: Mapping[str, Any], **terms: Any) -> int:
    """Owe one job that recreates the documents of a payload from outside; return its id. Raise NotFound."""
    documents = [Document(one["type"], one["id"]) for one in payload["documents"]]
    [owed] = recreate(session, organization_id, documents, MOST_IN_A_JOB, **terms)
    return owed.job_id


def synchronize(
    session: Session, organization_id: int, types: Collection[str], after: Document | None = None
) -> Synchronized:
    """Owe the journal what it is behind with, in the order of type and id, beginning after the document given.

    What it holds stays until then, so no sum dips meanwhile. Raise TooManyWaiting.
    """
    admission.admit(session, organization_id)
    after_type, after_id = after or ("", 0)
    rows = run(
        session,
        "find_stale_documents",
        organization_id=organization_id,
        types=list(types),
        after_type=after_type,
        after_id=after_id,
        limit=MOST_SYNCHRONIZED + 1,
    )
    stale = [Version(organization_id, *row) for row in rows[:MOST_SYNCHRONIZED]]
    jobs = _owe(session, organization_id, stale, SYNCHRONIZED_IN_A_JOB, priority=NORMAL) if stale else []
    last = Document(stale[-1].type, stale[-1].id) if len(rows) > len(stale) else None
    return Synchronized(len(stale), len(jobs), last)


def keys(documents: Iterable[Document | Version]) -> dict[str, list[Any]]:
    """Return the parameters by which a statement knows the documents."""
    known = [(one.type, one.id) for one in documents]
    return {"types": [name for name, _ in known], "ids": [number for _, number in known]}


def _next(session: Session, organization_id: int, documents: Collection[Document]) -> list[Version]:
    """Return the documents' new versions, in the order given; their rows are locked. Raise NotFound."""
    rows = run(session, "change_documents", organization_id=organization_id, **keys(documents))
    versions = {Document(*key): version for *key, version in rows}
    _require(documents, versions)
    return [Version(organization_id, *one, versions[one]) for one in dict.fromkeys(documents)]


def _require(documents: Iterable[Document], known: Container[Document]) -> None:
    if missing := [document for document in documents if document not in known]:
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
