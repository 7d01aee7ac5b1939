"""HTML becomes a PDF in a guarded child process: the caller gets bytes or RenderingFailed, whatever the HTML does.

The same HTML gives the same bytes, on any machine and day, under the same version of plutoprint and of the
shipped fonts: the PDF carries a fixed date, and no font but ours exists for it.
"""

import os
import threading
import time

from domain.pdf.renderer_process import RendererCrashed, RendererProcess, RenderingFailed

TIMEOUT = 10.0
SLOTS = 2
MAX_HTML = 16 * 1024 * 1024


class RendererBusy(RenderingFailed):
    """Other documents held every renderer for too long; this one may be tried again."""


class Renderers:
    """At most SLOTS warm renderers of this process, each used by one thread at a time."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(SLOTS)
        self._idle: list[RendererProcess] = []

    def render(self, html: bytes, timeout: float) -> bytes:
        if not self._slots.acquire(timeout=timeout / 2):
            raise RendererBusy(f"no renderer was free within {timeout / 2:g} s")
        try:
            return self._render(html, timeout)
        finally:
            self._slots.release()

    def _render(self, html: bytes, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        try:
            return self._use(self._idle.pop(), html, deadline)
        except (IndexError, RendererCrashed):
            pass  # none idle; or it died idle: the kernel ends it with the thread that started it
        return self._use(RendererProcess(), html, deadline)

    def _use(self, renderer: RendererProcess, html: bytes, deadline: float) -> bytes:
        printed, answer = renderer.ask(html, deadline)
        self._idle.append(renderer)
        if not printed:
            raise RenderingFailed(answer.decode(errors="replace"))
        return answer


_renderers = Renderers()


def _forget_renderers() -> None:
    global _renderers
    _renderers = Renderers()


# A forked process that kept them would talk to its parent's renderers at the same time as the parent.
os.register_at_fork(after_in_child=_forget_renderers)


def render_pdf(html: str, timeout: float = TIMEOUT) -> bytes:
    """Return the PDF, or raise RenderingFailed within one and a half times the timeout."""
    document = html.encode(errors="replace")
    if len(document) > MAX_HTML:
        raise RenderingFailed(f"the document has {len(document):,} bytes of HTML; the limit is {MAX_HTML:,}")
    return _renderers.render(document, timeout)
