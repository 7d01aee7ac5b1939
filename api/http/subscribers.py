"""Everybody who follows something in this process is served by one thread, which looks each half second.

A subscriber is a socket and what it has seen. It holds neither a thread nor a connection to the database.
"""

import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from flask import Response
from sqlalchemy.orm import Session

import settings
from api.http.problems import over_quota, unavailable
from api.http.server import at_stop, gives_away
from api.http.shares import PAUSE_S, asker, request_shares
from db.transaction import statement
from domain.shares import OverShare, Shares

log = logging.getLogger(__name__)

MEDIA_TYPE = "text/event-stream"
LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event received: the stream goes on after it. A browser sends it by itself.",
    "schema": {"type": "string"},
}
INTERVAL_S = 0.5
KEEP_ALIVE_S = 15.0
# Then a stream ends and an EventSource comes again, so that a key that was revoked meanwhile is noticed.
MAX_STREAM_S = 600.0


class News(NamedTuple):
    """Server-Sent Events (HTML standard, 9.2.5), none if nothing is new; nothing follows what is `final`."""

    data: bytes
    final: bool = False


@dataclass(eq=False)
class Subscriber:
    """Is sent what is new to it; subclasses say what that is."""

    line: socket.socket = field(init=False, repr=False)
    give_back: Callable[[], None] = field(init=False, repr=False)
    since: float = field(default_factory=time.monotonic, init=False)
    told_at: float = field(default_factory=time.monotonic, init=False)

    @classmethod
    def look(cls, session: Session, some: "Collection[Any]") -> "Mapping[Any, Any]":
        """Return what each of `some`, all of this class, may be told, in few statements; nothing of who is left out."""
        raise NotImplementedError

    def news(self, found: Any) -> News:
        """Return what is new in what `look` has `found`, which is seen from now on."""
        raise NotImplementedError

    def tell(self, found: Any) -> bool:
        """Send what is new, if anything; return whether more may follow. A client that does not read is cut off."""
        now = time.monotonic()
        data, final = self.news(found)
        try:
            if data:
                self._send(data)
                self.told_at = now
            elif now - self.told_at > KEEP_ALIVE_S:
                self._send(b": still here\n\n")
                self.told_at = now
        except OSError:
            return False
        return not final and now - self.since < MAX_STREAM_S

    def has_left(self) -> bool:
        """Return whether the client has closed the connection."""
        try:
            return not self.line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send(self, data: bytes) -> None:
        if self.line.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) < len(data):
            raise BlockingIOError


class Subscribers:
    """All subscribers of this process, `limit` at the most; no organization has more than its share."""

    def __init__(self, limit: int) -> None:
        self._shares = Shares(limit, lent=False)
        self._lock = threading.Lock()
        self._all: set[Subscriber] = set()
        self._newcomers: set[Subscriber] = set()
        self._thread: threading.Thread | None = None
        self._came = threading.Event()

    def ask(self, organization_id: int) -> None:
        """Raise OverShare if one more of the organization would be too many now."""
        self._shares.take(organization_id)()

    def add(self, line: socket.socket, organization_id: int, subscriber: Subscriber) -> None:
        """Tell the subscriber what is new by `line`, which belongs to the subscribers from now on; raise OverShare."""
        subscriber.give_back = self._shares.take(organization_id)
        subscriber.line = line
        with self._lock:
            self._all.add(subscriber)
            self._newcomers.add(subscriber)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="subscribers", daemon=True)
                self._thread.start()
        self._came.set()

    def close(self) -> None:
        """Let everybody go: a stream ends, and its EventSource comes again; a long poll answers with what is so now."""
        with self._lock:
            gone, self._all, self._newcomers = self._all, set(), set()
        for subscriber in gone:
            with suppress(OSError):  # it has left already
                subscriber.line.shutdown(socket.SHUT_RDWR)

    def stream(self, organization_id: int, subscriber: Subscriber) -> Iterator[bytes]:
        """Return the events as they come, until the final one."""
        theirs, ours = socket.socketpair()
        self.add(theirs, organization_id, subscriber)

        def events() -> Iterator[bytes]:
            with ours:
                yield from iter(lambda: ours.recv(65_536), b"")

        return events()

    def wait(self, organization_id: int, subscriber: Subscriber, seconds: float, to_end: bool = False) -> None:
        """Return when there is something new, or if `to_end` when nothing more follows; or after `seconds`."""
        theirs, ours = socket.socketpair()
        subscriber.told_at = math.inf  # it needs no sign of life, and would take that for news
        self.add(theirs, organization_id, subscriber)
        deadline = time.monotonic() + seconds
        with ours:
            while (left := deadline - time.monotonic()) > 0:
                ours.settimeout(left)
                try:
                    if not ours.recv(65_536) or not to_end:
                        return
                except TimeoutError:
                    return

    def _serve(self) -> None:
        following = time.monotonic() + INTERVAL_S
        while True:
            self._came.wait(max(0.0, following - time.monotonic()))
            self._came.clear()
            everyone = time.monotonic() >= following
            with self._lock:
                newcomers, self._newcomers = self._newcomers, set()
                told = set(self._all) if everyone else newcomers
            if everyone:
                following = time.monotonic() + INTERVAL_S
            self._tell(told)

    def _told(self, subscriber: Subscriber, found: Any) -> bool:
        try:
            return subscriber.tell(found)
        except Exception:  # the other subscribers are still to be served
            log.exception("subscribers: %s cannot be told", subscriber)
            return False

    def _tell(self, some: set[Subscriber]) -> None:
        gone = {subscriber for subscriber in some if subscriber.has_left()}
        for kind in {type(subscriber) for subscriber in some - gone}:
            gone |= self._tell_news(kind, {subscriber for subscriber in some - gone if type(subscriber) is kind})
        with self._lock:
            self._all.difference_update(gone)
        for subscriber in gone:
            subscriber.line.close()
            subscriber.give_back()

    def _tell_news(self, kind: type[Subscriber], some: set[Subscriber]) -> set[Subscriber]:
        """Send each what is new to it; return those for which nothing follows."""
        try:
            with statement() as session:
                found = kind.look(session, some)
        except Exception as error:  # the database is away: nobody is cut off, the news are sent later
            log.warning("subscribers: %s", type(error).__name__)
            return set()
        return {subscriber for subscriber in some if not self._told(subscriber, found.get(subscriber))}


@cache
def subscribers() -> Subscribers:
    """Return the subscribers of this process."""
    made = Subscribers(settings.current().api_subscribers)
    at_stop(made.close)
    return made


def follow(line: socket.socket, organization_id: int, subscriber: Subscriber) -> None:
    """Tell the client on `line` what is new; close it if others came first: an EventSource comes again."""
    try:
        subscribers().add(line, organization_id, subscriber)
    except OverShare:
        line.close()


def waited(subscriber: Subscriber, seconds: float, to_end: bool = False) -> bool:
    """Do what `Subscribers.wait` does; return whether the caller may: organizations share the waits."""
    try:
        with request_shares().long_polls.share(asker()):
            subscribers().wait(asker(), subscriber, seconds, to_end)
        return True
    except OverShare:
        return False


def streamed(organization_id: int, subscriber: Subscriber) -> Response:
    """Return the answer that goes on for as long as the subscriber is told; refuse one that would be too many."""
    try:
        subscribers().ask(organization_id)
    except OverShare as refused:
        if not refused.own:
            raise unavailable("this server carries no more event streams now; poll instead") from None
        told = "your organization has its share of the event streams that this server carries: poll instead"
        raise over_quota("event-streams", told, PAUSE_S) from None
    response = Response(mimetype=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
    response.automatically_set_content_length = False
    if not gives_away(lambda line: follow(line, organization_id, subscriber)):
        response.response = subscribers().stream(organization_id, subscriber)
    return response
