"""A job as its callers see it: its JSON, and the version tag that changes whenever the JSON does."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from flask import g, request
from marshmallow import Schema
from sqlalchemy.orm import Session

from api.http import exact_json
from api.http.subscribers import News, Subscriber
from db import jobs as job_rows
from db.models import Job
from db.transaction import transaction
from domain.jobs.lifecycle import FINISHED

# Finds a job of an organization, or raises what is answered 404.
Find = Callable[[Session, int, int], Job]
Describe = Callable[[Any], "State"]
# A proxy that compresses an answer may add its coding to the tag: Apache sends "abc-gzip", Jetty "abc--gzip".
CODING = re.compile(r"--?(gzip|br|deflate|zstd)$")


class State(NamedTuple):
    """`version` changes when any field except durationMs changes; `final` says that nothing follows."""

    version: str
    name: str
    text: str
    final: bool

    def event(self) -> bytes:
        """Return the state as a Server-Sent Event (HTML standard, 9.2.5)."""
        return f"id: {self.version}\nevent: {self.name}\ndata: {self.text}\n\n".encode()


@dataclass(eq=False)
class Follower(Subscriber):
    """Is sent each state of a job that differs from the one it has `seen`."""

    job_id: int
    seen: str | None
    describe: "Describe" = field(repr=False)

    @classmethod
    def look(cls, session: Session, some: "Collection[Follower]") -> "Mapping[Follower, Any]":
        """Return the row of each one's job, if there is one."""
        rows = {row.id: row for row in job_rows.states(session, {follower.job_id for follower in some})}
        return {follower: rows[follower.job_id] for follower in some if follower.job_id in rows}

    def news(self, found: Any) -> News:
        """Return the state, if it is new."""
        if found is None:
            return News(b"", final=True)
        state = self.describe(found)
        data = state.event() if state.version != self.seen else b""
        self.seen = state.version
        return News(data, state.final)


def described(schema: Schema) -> Describe:
    """Return the function that turns a job's row into its state, in the fields of `schema`."""

    def describe(row: Any) -> State:
        shown = schema.dump(row)
        steady = exact_json.dumps({name: value for name, value in shown.items() if name != "durationMs"})
        version = sha256(steady.encode()).hexdigest()[:16]
        return State(version, row.status.lower(), exact_json.dumps(shown), row.status in FINISHED)

    return describe


def read(find: Find, job_id: int) -> Job:
    """Return the caller's job; raise what is answered 404."""
    with transaction() as session:
        return find(session, g.organization_id, job_id)


def is_known(state: State) -> bool:
    """Return whether If-None-Match names the state, by weak comparison (RFC 9110, 8.8.3.2), or is `*`."""
    tags = request.if_none_match
    versions = {CODING.sub("", tag) for tag in tags.as_set(include_weak=True)}
    return tags.star_tag or state.version in versions
