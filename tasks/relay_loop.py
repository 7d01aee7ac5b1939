"""When the relay works and when it rests: at once while there is work, ever more slowly while there is none."""

import logging
import os
import random
import signal
import time

import settings
from db import jobs as job_rows
from db import outbox, traces
from db.listener import Listener
from db.transaction import is_transient, statement
from domain.jobs.upkeep.clock import follow_clock
from domain.schedules import waking
from tasks.app import app
from tasks.publisher import BrokerAway, Publisher
from tasks.relay import Relay

log = logging.getLogger(__name__)

MIN_PAUSE_S, MAX_PAUSE_S = 0.002, 2.0
# So many entries without a pause longer than a nap are a rush: intakes need not say that there is work.
RUSH_ENTRIES = 20
# A full lane will have capacity again soon, which is as good as a rush.
NAP_S, NAP_WHILE_FULL_S = 0.005, 0.1


class Loop:
    """Runs a relay until told to stop: at once while there is work, ever more slowly while there is none."""

    def __init__(self, relay: Relay, wakeup_fd: int) -> None:
        self._relay, self._listener = relay, Listener(wakeup_fd)
        self._stopping = False
        self._broken: str | None = None
        self._listening = False
        self._since_pause = 0
        self._last_rush = self._last_moved = self._next_sweep = time.monotonic()

    def stop(self) -> None:
        self._stopping = True

    def run(self) -> None:
        while not self._stopping:
            try:
                self._sweep()
                found = self._relay.turn()
                self._recovered()
                self._pace(found)
            except Exception as error:
                if not isinstance(error, BrokerAway) and not is_transient(error):
                    raise
                self._trouble("broker" if isinstance(error, BrokerAway) else "database", error)
        self._listener.close()

    def _sweep(self) -> None:
        if time.monotonic() >= self._next_sweep:
            with traces.span("sweep"):
                with statement() as session:
                    job_rows.sweep(session)
                follow_clock()
                waking.wake()
            # Another relay may have died while it was busy, and nobody would be woken any more.
            self._report(self._listening)
            self._relay.send_canaries()
            self._next_sweep = time.monotonic() + settings.current().sweep_interval * random.uniform(0.8, 1.2)  # noqa: S311

    def _pace(self, found: int) -> None:
        now = time.monotonic()
        self._since_pause += found
        if found and (self._since_pause >= RUSH_ENTRIES or self._relay.has_more):
            self._last_rush = now
            self._listen(False)
            return
        full = self._relay.is_full
        pause = (now - self._last_rush) / 4
        pause = min(max(pause, self._relay.poll_seconds if full else MIN_PAUSE_S), MAX_PAUSE_S)
        if pause > (NAP_WHILE_FULL_S if full else NAP_S):
            self._since_pause = 0
            if not self._listening:
                self._listen(True)  # and poll once more: an intake that saw the old flag may just have committed
                return
        self._rest(pause)

    def _rest(self, seconds: float) -> None:
        """Wait until an intake calls, a full lane has capacity again, or the time is over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not self._relay.is_full:
                self._listener.wait(left)
                return
            pause = max((time.monotonic() - self._last_moved) / 10, self._relay.poll_seconds)
            if self._listener.wait(min(left, pause)):
                return
            if self._relay.has_capacity_again():
                self._last_moved = time.monotonic()
                return

    def _listen(self, listening: bool) -> None:
        if listening != self._listening:
            self._report(listening)
            self._listening = listening

    def _report(self, listening: bool) -> None:
        with statement() as session:
            outbox.report(session, listening, reaches_broker=self._broken != "broker")

    def _trouble(self, what: str, error: Exception) -> None:
        if self._broken is None:
            log.warning("%s away, waiting for it: %s", what, error)
        self._broken = what
        self._listener.close()  # it may listen to a server that is no longer the primary
        self._next_sweep = 0.0  # it begins at the database: a turn with full lanes would not see that it is away
        self._listener.wait(random.uniform(0.3, 1.0))  # noqa: S311

    def _recovered(self) -> None:
        if self._broken is not None:
            log.warning("%s back", self._broken)
            self._broken = None
            self._next_sweep = 0.0  # and says so


def main() -> None:
    """Relay until SIGTERM or SIGINT, then leave at once; whatever was leased falls due again."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    signal.set_wakeup_fd(write_fd)
    loop = Loop(Relay(Publisher(app)), read_fd)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    log.info("relay started")
    loop.run()
