"""The program of the jail that recognizes text: the grey pixels of a page in, its words out.

A request is a parcel: {width, height, language} and the pixels. The answer is JSON: `turned`, the degrees clockwise by
which the page was turned to be read; `slope`, by which part of the height a line sinks over the width; and `words`.
"""

import ctypes
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import orjson

from domain.bills.reading import line_reader, scripts, tesseract
from domain.bills.reading.limits import MAX_WORDS
from domain.bills.reading.parcels import pack, unpack
from domain.bills.reading.scripts import Read
from domain.jail.enclosing import Limits

# The models need more than a document does, and a page more time. For each page tesseract looks for a file that says
# where its text is, which nobody has.
LIMITS = Limits(memory=1024 * 1024 * 1024, cpu_seconds=60, no_file_is_there=True)
SPECIMEN, SIDE = "Invoice 123", 736


def prepare(*files: str) -> None:
    """Load the models and tesseract's data, and read a page, so that nothing is opened later."""
    cv2.setNumThreads(1)
    line_reader.load()
    tesseract.load([Path(file) for file in files])
    specimen = np.full((SIDE, SIDE), 255, np.uint8)
    cv2.putText(specimen, SPECIMEN, (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 2, 0, 3)
    for language in ("en", "bg"):
        answer(pack({"width": SIDE, "height": SIDE, "language": language}, specimen.tobytes()))
    # What was freed since goes back to the system, and is not copied by the first page of each fork.
    ctypes.CDLL(None).malloc_trim(0)


def answer(request: bytes) -> bytes:
    """Return what stands on a page."""
    head, pixels = unpack(request)
    grey = np.frombuffer(pixels, np.uint8).reshape(head["height"], head["width"])
    page = line_reader.read(grey)
    script = scripts.choose(tesseract.script(page.grey), head["language"], tesseract.data())
    strange = script.is_strange or not tesseract.tells_scripts()
    words = scripts.weaken(page.words) if strange else page.words
    if script.data:
        letters = list(_letters(line_reader.strips(page), script.data))
        if scripts.is_confirmed(letters):
            words = scripts.merge(letters, page.words)
            words += scripts.weaken(scripts.missed(words, page.words))
    said = {"turned": page.turned, "slope": page.slope, "words": [word.packed() for word in words[:MAX_WORDS]]}
    return orjson.dumps(said)


def _letters(strips: Iterable[line_reader.Strip], data: str) -> Iterator[Read]:
    for strip in strips:
        for text, start, end, sureness in tesseract.read(strip.grey, data):
            if word := Read.of(text, strip.part(start, end), sureness):
                yield word
