"""What has changed, told to open pages: a page hears that something did, and asks for what it shows anew."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask import Response, g
from sqlalchemy.orm import Session

from api.http.shares import asker
from api.http.subscribers import MEDIA_TYPE, News, Subscriber, streamed
from console.pages import Pages
from db import jobs as job_rows
from db.transaction import transaction
from domain.doctor.lately import lately
from domain.jobs import catalogue
from domain.jobs.lifecycle import FINISHED
from domain.jobs.monitoring.changes import digest

live_pages = Pages("live", __name__)
CHANGED, END = b"event: changed\ndata: \n\n", b"event: end\ndata: \n\n"


@dataclass(eq=False)
class Job(Subscriber):
    """Is told that a job has changed, and when it has ended."""

    job_id: int
    seen: Any = field(default=None, init=False)

    @classmethod
    def look(cls, session: Session, some: "Collection[Job]") -> "Mapping[Job, Any]":
        """Return the state of each one's job."""
        rows = {row.id: row for row in job_rows.states(session, {one.job_id for one in some})}
        return {one: rows[one.job_id] for one in some if one.job_id in rows}

    def news(self, found: Any) -> News:
        """Return that the job has changed; the first look says so too, as the page was made before it."""
        if found is None:
            return News(END, final=True)
        state = (found.status, found.progress, found.attempts, found.cancel_requested)
        changed, self.seen = self.seen != state, state
        final = found.status in FINISHED
        return News((CHANGED if changed or final else b"") + (END if final else b""), final)


@dataclass(eq=False)
class Watcher(Subscriber):
    """Is told that a digest has become another, which is looked at every PAUSE_S seconds."""

    PAUSE_S: ClassVar[float]
    seen: Any = field(default=None, init=False)
    looked_at: float = field(default=0.0, init=False)

    @classmethod
    def due(cls, some: "Collection[Any]") -> list[Any]:
        """Return those that have waited for long enough."""
        return [one for one in some if time.monotonic() - one.looked_at >= cls.PAUSE_S]

    def news(self, found: Any) -> News:
        """Return that something has changed, unless this is the first look."""
        if found is None:
            return News(b"")
        changed, self.seen, self.looked_at = self.seen not in (None, found), found, time.monotonic()
        return News(CHANGED if changed else b"")


@dataclass(eq=False)
class Organization(Watcher):
    """Is told that something of an organization has changed, at most every two seconds."""

    PAUSE_S = 2.0
    organization_id: int

    @classmethod
    def look(cls, session: Session, some: "Collection[Organization]") -> "Mapping[Organization, Any]":
        """Return a digest of what each one's organization works at: all that look at one share its digest."""
        due = cls.due(some)
        digests = catalogue.digests(session, {one.organization_id for one in due}) if due else {}
        return {one: digests.get(one.organization_id, "") for one in due}


@dataclass(eq=False)
class Installation(Watcher):
    """Is told that something of the installation has changed, at most every five seconds."""

    PAUSE_S = 5.0

    @classmethod
    def look(cls, session: Session, some: "Collection[Installation]") -> "Mapping[Installation, Any]":
        """Return one digest for all."""
        due = cls.due(some)
        return dict.fromkeys(due, (digest(session), lately.diagnosis())) if due else {}


@live_pages.page("/live", "jobs:read")
def follow_organization() -> Response:
    """Tell the page when something of the organization changes."""
    return streamed(asker(), Organization(g.organization_id))


@live_pages.page("/live/installation", "installation:read")
def follow_installation() -> Response:
    """Tell the page when something of the installation changes."""
    return streamed(asker(), Installation())


@live_pages.page("/live/jobs/<row_id:job_id>", "jobs:read")
def follow_job(job_id: int) -> Response:
    """Tell the page when the job changes, until it has ended."""
    with transaction() as session:
        job = catalogue.get(session, g.organization_id, job_id)
    if job.status in FINISHED:
        return Response(CHANGED + END, mimetype=MEDIA_TYPE)  # it ended while the page was on its way
    return streamed(asker(), Job(job_id))
