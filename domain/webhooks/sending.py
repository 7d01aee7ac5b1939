"""Deliveries on their way: read in one transaction, sent while none is open, recorded in a second one.

A worker that dies between sending and recording sends the same event again, under the same id.
"""

import logging
import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

import settings
from db import traces
from db.jobs import UNSTORABLE, ClaimedJob
from db.queries import run
from domain import encryption
from domain.events.feed import Event, moment
from domain.jobs.work import Later, Outcome, PermanentError, Retry
from domain.shares import OverShare, Shares
from domain.webhooks import health, schedule, signatures
from gateways import http, secrecy

log = logging.getLogger(__name__)

IN_FLIGHT = 4
TIMEOUT_S = 15.0
# Of the time that a task may take: what a post has at the most, and after which none begins. So a run of slow ones ends
# within its lease.
LAST_POST, BUDGET = 0.5, 0.25
BODY_SHOWN = 2048
ONE_MORE_S = 1.0
# A shorter value of a header is no secret, and may stand in many an answer.
SHORTEST_SECRET = 8
# A delivery to a webhook takes longer: it is a slow one.
SLOW_S = 1.0
MOST_COUNTED = 1000
GONE = 410
# The receiver is in trouble whatever it is sent: the others wait.
DOWN = {408, 425, 429, *range(500, 600)}
DISABLED = "the webhook is disabled: enable it, then redeliver what it missed"
FORGOTTEN = "the event is past its retention"
BROKEN = "Counterfoil could not send it; its operator finds the reason in the log"
REDIRECT = "a redirect, which is not followed: give the webhook the address where it leads"


@dataclass(frozen=True)
class Post:
    """A delivery, its job, and what is sent."""

    job: ClaimedJob
    row: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    # What the owner has sent along: an answer that repeats it is shown without.
    hidden: Sequence[str] = field(repr=False)


class Attempt(NamedTuple):
    """What an attempt came to; `wait` is how many seconds the receiver asks for."""

    at: float
    seconds: float
    status: int | None = None
    error: str | None = None
    body: str = ""
    wait: float = 0.0

    @property
    def delivered(self) -> bool:
        return self.error is None

    @property
    def is_down(self) -> bool:
        return self.status is None or self.status in DOWN

    def document(self) -> dict[str, Any]:
        """Return the attempt as the delivery's row keeps it."""
        return {
            "at": moment(datetime.fromtimestamp(self.at, UTC)),
            "status_code": self.status,
            "duration_ms": round(self.seconds * 1000),
            "error": self.error,
            "response_body": self.body,
        }


@cache
def slots() -> Shares:
    """Return the places of this process, one for each of its threads: no organization has half while another asks."""
    return Shares(settings.current().io_concurrency)


@cache
def slow_slots() -> threading.BoundedSemaphore:
    """Return the half of the places that is open to webhooks that are slow or fail: the others find one at once."""
    return threading.BoundedSemaphore(max(1, settings.current().io_concurrency // 2))


@dataclass
class Sending:
    """The deliveries of one run, all to one webhook: what a message has of others goes on by itself."""

    jobs: Sequence[ClaimedJob]

    def __post_init__(self) -> None:
        self._outcomes: dict[int, Outcome] = {}
        self._posts: list[Post] = []
        self._down, self._stop_at = False, 0.0
        self._waits: float | None = None
        self._awaited = False
        self._clock_ahead = 0.0
        self._places = ExitStack()
        self.seconds = 0.0

    def prepare(self, session: Session) -> list[Outcome] | None:
        """Decide what can be sent now, and hold the webhook; return the outcomes if that is nothing."""
        self._decide(session)
        return None if self._posts else [self._outcomes[job.id] for job in self.jobs]

    def _decide(self, session: Session) -> None:
        try:
            self._places.callback(slots().take(self.jobs[0].organization_id))
        except OverShare:
            self._outcomes = dict.fromkeys((job.id for job in self.jobs), Later(ONE_MORE_S * random.random()))  # noqa: S311
            return
        ids = [job.payload["webhookDeliveryId"] for job in self.jobs]
        webhook_ids = [row.id for row in run(session, "lock_webhooks", ids=ids)]
        job_ids = [job.id for job in self.jobs]
        held = run(session, "hold_webhooks", webhook_ids=webhook_ids, holder=job_ids[0], job_ids=job_ids)
        rows = {row.id: row for row in run(session, "load_deliveries", ids=ids)}
        if rows:
            self._clock_ahead = next(iter(rows.values())).now - time.monotonic()
        holds = {row.id for row in held} & {self.jobs[0].payload["webhookId"]}
        for job, id_ in zip(self.jobs, ids, strict=True):
            outcome = self._verdict(session, rows.get(id_), holds)
            if outcome is None:
                self._posts.append(_post(session, job, rows[id_]))
            else:
                self._outcomes[job.id] = outcome
        if self._posts and _is_slow(self._posts[0].row) and not self._has_slow_place():
            self._outcomes |= {post.job.id: Later(ONE_MORE_S * random.uniform(0.5, 1.5)) for post in self._posts}  # noqa: S311
            self._posts = []

    def _has_slow_place(self) -> bool:
        if found := slow_slots().acquire(blocking=False):
            self._places.callback(slow_slots().release)
        return found

    def _verdict(self, session: Session, row: Any, holds: set[int]) -> Outcome | None:
        """Return why a delivery is not sent now, None if it is."""
        if row is None:
            return {"status": "cancelled"}
        if row.delivered:
            return {"status": "delivered"}
        if not row.enabled:
            return PermanentError(DISABLED)
        if row.event_id is None:
            return PermanentError(FORGOTTEN)
        if row.paused is not None and row.paused > 0:
            return Later(schedule.after_the_others(row.paused))
        return None if row.webhook_id in holds else Later(self._turn(session, row))

    def _turn(self, session: Session, row: Any) -> float:
        """Return when the webhook may have done what waits for it; at that time, or before, its turn may have come."""
        if self._waits is None:
            run(session, "await_webhook", id=row.webhook_id)
            [waiting] = run(session, "count_waiting_deliveries", webhook_id=row.webhook_id, limit=MOST_COUNTED)
            self._waits = max(0.05, waiting.count * row.seconds_each) * random.uniform(0.3, 1.0)  # noqa: S311
        return self._waits

    def send(self) -> list[Attempt | None]:
        """Send what is prepared, IN_FLIGHT at a time; None is what was not begun, as its receiver is down or slow."""
        started = time.monotonic()
        self._stop_at = started + settings.current().task_timeout * BUDGET
        try:
            threads = min(IN_FLIGHT, len(self._posts))
            with http.Receiver(self._posts[0].row.url, IN_FLIGHT) as receiver, ThreadPoolExecutor(threads) as pool:
                contexts = [copy_context() for _ in self._posts]  # of the trace of this thread
                return [*pool.map(lambda one, post: one.run(self._attempt, receiver, post), contexts, self._posts)]
        except http.Refused as refused:
            self._down = True
            return [Attempt(self._now(), 0.0, error=str(refused)) for _ in self._posts]
        finally:
            self.seconds = time.monotonic() - started

    def _attempt(self, receiver: http.Receiver, post: Post) -> Attempt | None:
        if self._down or time.monotonic() > self._stop_at:
            return None
        parent = traces.of_job(post.job.id)
        with traces.span("POST", traces.CLIENT, parent=parent, noted={"http.request.method": "POST"}) as span:
            done = attempt(receiver, post, self._now())
            span.set({"http.response.status_code": done.status})
            if not done.delivered:
                span.fail(str(done.status or "unsent"))
        self._down = self._down or (not done.delivered and done.is_down)
        return done

    def _now(self) -> float:
        """Return the time by the database's clock, in seconds since 1970."""
        return self._clock_ahead + time.monotonic()

    def record(self, session: Session, attempts: Sequence[Attempt | None]) -> list[Outcome]:
        """Keep what the attempts came to; return the outcome of each job of the run, in order."""
        try:
            done = [(post, made) for post, made in zip(self._posts, attempts, strict=True) if made]
            moved = False
            if done:
                locked = run(session, "lock_webhooks", ids=[post.row.id for post, _ in done])
                self._awaited = any(row.awaited for row in locked)
                moved = any(row.url != self._posts[0].row.url for row in locked)
                self._keep(session, done)
            pause = 0.0 if moved else self._judge(session, done)
            for post, made in zip(self._posts, attempts, strict=True):
                if made is None or (moved and not made.delivered):  # it goes on, at the new address if there is one
                    self._outcomes[post.job.id] = Later(pause)
                else:
                    self._outcomes[post.job.id] = _outcome(post, made)
            return [self._outcomes[job.id] for job in self.jobs]
        finally:
            self.close()

    def _keep(self, session: Session, done: Sequence[tuple[Post, Attempt]]) -> None:
        kept = [{"id": post.row.id, "attempt": [made.document()], "delivered": made.delivered} for post, made in done]
        run(session, "record_attempts", attempts=orjson.dumps(kept).decode())

    def _judge(self, session: Session, done: Sequence[tuple[Post, Attempt]]) -> float:
        """Take note of how the webhook fares; return for how many seconds it is left alone."""
        if not done:
            return 0.0
        row = done[0][0].row
        attempts = [made for _, made in done]
        # A receiver in trouble is left alone, and one that asks for time has it, whatever else it has taken.
        pause = max([made.wait for made in attempts] + [schedule.pause(row.failures + 1)] * self._down)
        if any(made.delivered for made in attempts):
            health.succeeded(session, row.webhook_id, self.seconds / len(done), pause)
        else:
            health.failed(session, row.organization_id, row.webhook_id, pause)
        if any(made.status == GONE for made in attempts):
            health.disable(session, row.organization_id, row.webhook_id, health.GONE_TOLD)
        if pause:
            health.postpone(session, row.organization_id, row.webhook_id, pause)
        elif self._awaited or row.paused is not None:
            health.hasten(session, row.organization_id, row.webhook_id, tried=False)
        return pause

    def close(self) -> None:
        """Give back the run's place."""
        self._places.close()


def _is_slow(row: Any) -> bool:
    return bool(row.failures) or row.seconds_each > SLOW_S


def attempt(receiver: http.Receiver, post: Post, at: float) -> Attempt:
    """Send what is prepared, `at` a time by the database's clock; return what came of it."""
    try:
        answer = receiver.post(post.headers, post.body, min(TIMEOUT_S, settings.current().task_timeout * LAST_POST))
    except http.Unsent as unsent:
        return Attempt(at, unsent.seconds, error=str(unsent))
    except http.Refused as refused:
        return Attempt(at, 0.0, error=str(refused))
    except Exception:  # or the others of this run, which have arrived, would be sent again
        log.exception("webhook %d: nothing was sent", post.row.webhook_id)
        return Attempt(at, 0.0, error=BROKEN)
    error = None if 200 <= answer.status < 300 else f"answered {answer.status}"
    if 300 <= answer.status < 400:
        error = f"answered {answer.status}, {REDIRECT}"
    shown = _shown(answer.body, post.hidden)
    wait = schedule.retry_after(answer.headers.get("retry-after"), at) if answer.status in (429, 503) else 0.0
    return Attempt(at, answer.seconds, answer.status, error, shown, wait)


def _shown(body: bytes, hidden: Sequence[str]) -> str:
    """Return the beginning of an answer without what was sent along, cut last: the beginning of one would be left."""
    for word in hidden:
        body = body.replace(word.encode("latin-1"), secrecy.HIDDEN.encode())
    said = secrecy.without(body.decode(errors="replace"), hidden)
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", said.encode()[:BODY_SHOWN].decode(errors="replace"))


def _post(session: Session, job: ClaimedJob, row: Any) -> Post:
    event = Event(row.organization_id, row.sequence, row.event_id, row.type, row.created_at, row.data)
    body = event.text().encode()
    secrets = [
        encryption.decrypt(session, row.organization_id, column, row.webhook_id, value)
        for column, value in (("webhooks.secret", row.secret), ("webhooks.old_secret", row.old_secret))
        if value is not None
    ]
    own = {}
    if row.headers is not None:
        own = orjson.loads(
            encryption.decrypt(session, row.organization_id, "webhooks.headers", row.webhook_id, row.headers)
        )
    signed = signatures.headers(secrets, str(event.id), int(row.now), body)
    words = {word for value in own.values() for word in (value, *value.split())}  # `Bearer` stands before a token
    hidden = [word for word in sorted(words, key=len, reverse=True) if len(word) >= SHORTEST_SECRET]
    return Post(job, row, {**own, "Content-Type": "application/json", **signed}, body, hidden)


def _outcome(post: Post, made: Attempt) -> Outcome:
    if made.error is None:
        return {"statusCode": made.status}
    if made.status == GONE:
        return PermanentError(made.error)
    return Retry(max(schedule.delay(post.job.attempts), made.wait), made.error)
