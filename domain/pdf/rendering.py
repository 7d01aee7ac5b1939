"""HTML becomes a PDF in a jail: the caller gets bytes or RenderingFailed, whatever the HTML does.

The same HTML gives the same bytes, on any machine and day, under the same version of plutoprint and of the
shipped fonts: the PDF carries a fixed date, and no font but ours exists for it.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from domain.jail.process import Crashed, Jail, Process, TooSlow
from domain.pdf import fonts
from domain.pdf.places import Places
from domain.shares import OverShare

PROGRAM = "domain.pdf.renderer"
TIMEOUT_S = 10.0
SLOTS = 2
MAX_HTML = 16 * 1024 * 1024
DOES_NOT_START = "the PDF renderer does not start: no document can be printed"

log = logging.getLogger(__name__)


class RenderingFailed(Exception):
    """The document cannot be printed; detail says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class PrintsTooLong(RenderingFailed):
    """The time was up before the document was printed, because of the document or of a machine that had other work."""


class RendererBusy(RenderingFailed):
    """Other documents held every renderer for too long; this one may be tried again."""


class ShareInUse(RendererBusy):
    """The organization's own documents hold its half of the renderers, and another organization prints too."""

    def __init__(self) -> None:
        super().__init__("your organization prints as many documents at once as it may; send this again in a second")


def _jail() -> Jail:
    return Jail(PROGRAM, lambda: [fonts.specimens(), *fonts.folders()])


class Renderers:
    """At most SLOTS renderers of this process, each used by one thread at a time, and by one organization ever."""

    def __init__(self) -> None:
        self._places = Places(SLOTS)
        self._jail = _jail()
        self._lock = threading.Lock()
        self._idle: list[tuple[int, Process]] = []  # the one used last comes last
        self._in_use = 0

    def render(self, organization_id: int, html: bytes, timeout: float, patient: bool) -> bytes:
        try:
            with self._places.place(organization_id, timeout / 2, patient):
                return self._render(organization_id, html, time.monotonic() + timeout)
        except OverShare as refused:
            busy = f"no renderer was free within {timeout / 2:g} s"
            raise (ShareInUse() if refused.own else RendererBusy(busy)) from None

    def abandon(self) -> None:
        """Let go of the parent's renderers, in a process that was just forked."""
        self._jail.abandon()
        for _, process in self._idle:
            process.abandon()

    def _render(self, organization_id: int, html: bytes, deadline: float) -> bytes:
        try:
            printed, answer = self._print(organization_id, html, deadline)
        except TooSlow:
            raise PrintsTooLong("it takes too long to print") from None
        except Crashed:
            raise RenderingFailed("it needs more memory than is allowed, or crashes the renderer") from None
        if not printed:
            raise RenderingFailed(answer.decode(errors="replace"))
        return answer

    def _print(self, organization_id: int, html: bytes, deadline: float) -> tuple[bool, bytes]:
        with self._used_by(organization_id) as used:
            with suppress(Crashed):  # it may have been killed since; a fresh one tells whether it is the document
                if used:
                    return self._ask(organization_id, used, html, deadline)
            return self._ask(organization_id, self._jail.start(deadline), html, deadline)

    def _ask(self, organization_id: int, renderer: Process, html: bytes, deadline: float) -> tuple[bool, bytes]:
        answer = renderer.ask(html, deadline)
        with self._lock:
            self._idle.append((organization_id, renderer))
        return answer

    @contextmanager
    def _used_by(self, organization_id: int) -> Iterator[Process | None]:
        """Take the organization's idle renderer; without one, end others' idle ones until there is room for a new."""
        with self._lock:
            self._in_use += 1
            own = [entry for entry in self._idle if entry[0] == organization_id][-1:]
            self._idle = [entry for entry in self._idle if entry not in own]
            surplus = max(0, len(self._idle) + self._in_use - SLOTS)
            ended, self._idle = self._idle[:surplus], self._idle[surplus:]
        for _, renderer in ended:
            renderer.kill()
        try:
            yield own[0][1] if own else None
        finally:
            with self._lock:
                self._in_use -= 1


_renderers = Renderers()


def _forget_renderers() -> None:
    global _renderers
    _renderers.abandon()
    _renderers = Renderers()


# A forked process that kept them would talk to its parent's renderers at the same time as the parent.
os.register_at_fork(after_in_child=_forget_renderers)


def render_pdf(html: str, organization_id: int, timeout: float = TIMEOUT_S, patient: bool = False) -> bytes:
    """Return the PDF, or raise RenderingFailed within one and a half times the timeout.

    A `patient` caller, who cannot come again, is not told ShareInUse, and waits like all others.
    """
    document = html.encode(errors="replace")
    if len(document) > MAX_HTML:
        raise RenderingFailed(f"the document has {len(document):,} bytes of HTML; the limit is {MAX_HTML:,}")
    return _renderers.render(organization_id, document, timeout, patient)


def denied() -> list[str]:
    """Start a renderer and end it; return, and log once, a line for each part of its jail that the system denies."""
    jail = _jail()
    try:
        return jail.denied(time.monotonic() + TIMEOUT_S)
    except (Crashed, TooSlow):
        log.error(DOES_NOT_START)
        return [DOES_NOT_START]
    finally:
        jail.close()
