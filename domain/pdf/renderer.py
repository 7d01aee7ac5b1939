"""Render documents for the parent process alone, able to open no file and no socket, and end when it ends.

Run by path in isolated mode, so that nothing of this project (no setting, no secret) is in its memory.
On standard input, a socket: a 4-byte length and HTML come in; a status byte, a 4-byte length and bytes go out.
"""

import ctypes
import io
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path

import plutoprint

FONTS = Path(__file__).with_name("fonts")
PDEATHSIG = 1
MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 20
MAX_PAGES = 200
MAX_PDF = 50 * 1024 * 1024
EPOCH = "2000-01-01T00:00:00Z"
WARM_UP = "<p>regular <b>bold</b></p>"


class TooLarge(Exception):
    """The document is beyond what may be printed; the message says by which measure."""


class NoFetcher(plutoprint.ResourceFetcher):
    """Refuses every address. Only data: addresses work: the engine decodes them without asking."""

    def fetch_url(self, url: str) -> plutoprint.ResourceData:
        raise plutoprint.Error("a template can fetch nothing")


class BoundedBuffer(io.BytesIO):
    def write(self, data) -> int:  # type: ignore[no-untyped-def]
        if self.tell() + len(data) > MAX_PDF:
            raise TooLarge(f"the PDF is larger than {MAX_PDF // 1024 // 1024} MB")
        return super().write(data)


def render(html: str) -> bytes:
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.custom_resource_fetcher = NoFetcher()
    book.load_html(html)
    # Loading resets the metadata; with the clock's date in it the same invoice would differ at each rendering.
    book.set_metadata(plutoprint.PDF_METADATA_CREATION_DATE, EPOCH)
    book.set_metadata(plutoprint.PDF_METADATA_MODIFICATION_DATE, EPOCH)
    if not 1 <= book.get_page_count() <= MAX_PAGES:
        raise TooLarge(f"the document has {book.get_page_count():,} pages; 1 to {MAX_PAGES} can be printed")
    pdf = BoundedBuffer()
    book.write_to_pdf_stream(pdf)
    return pdf.getvalue()


def die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent ended before its renderer began")
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def load_fonts() -> None:
    plutoprint.plutobook_set_fontconfig_path(FONTS)
    if b"NotoSans-Bold" not in render(WARM_UP):
        sys.exit(f"no fonts in {FONTS}: every page would be blank")


def enclose() -> None:
    """Give up files and sockets for good; what is open now (the fonts, the parent's socket) is all there is."""
    for kind, limit in (
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MEMORY),
    ):
        resource.setrlimit(kind, (limit, limit))
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # or a template could fill the parent's log with warnings


def answer(html: bytes) -> tuple[bytes, bytes]:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + CPU_SECONDS, hard))
    try:
        return b"+", render(html.decode())
    except (TooLarge, plutoprint.Error, ValueError) as refusal:
        return b"-", str(refusal).encode()


def serve(stream: io.BufferedRWPair) -> None:
    while length := stream.read(4):
        status, body = answer(stream.read(int.from_bytes(length, "big")))
        stream.write(status + len(body).to_bytes(4, "big") + body)
        stream.flush()


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    load_fonts()
    channel = socket.socket(fileno=sys.stdin.fileno()).makefile("rwb")
    enclose()
    serve(channel)
