"""The program of the jail that recognizes text: the grey pixels of a page in, its words out.

A request is a parcel: {width, height, language} and the pixels. The answer is JSON: `turned`, the degrees clockwise by
which the page was turned to be read; `slope`, by which part of the height a line sinks over the width; and `words`.
"""

from pathlib import Path

import cv2
import numpy as np
import orjson

from domain.bills import line_reader, scripts, tesseract
from domain.bills.limits import MAX_WORDS
from domain.bills.parcels import pack, unpack
from domain.jail.enclosing import Limits

# The models need more than a document does, and a page more time. For each page tesseract looks for a file that says
# where its text is, which nobody has.
LIMITS = Limits(memory=1024 * 1024 * 1024, cpu_seconds=60, no_file_is_there=True)
SPECIMEN = "Invoice 123"
# So many words that only the other engine has seen are looked at again.
MAX_MISSED = 100


def prepare(*files: str) -> None:
    """Load the models and tesseract's data, and read a page, so that nothing is opened later."""
    cv2.setNumThreads(1)
    line_reader.load()
    tesseract.load([Path(file) for file in files])
    specimen = np.full((120, 500), 255, np.uint8)
    cv2.putText(specimen, SPECIMEN, (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 2, 0, 3)
    for language in ("en", "bg"):
        answer(pack({"width": 500, "height": 120, "language": language}, specimen.tobytes()))


def answer(request: bytes) -> bytes:
    """Return what stands on a page."""
    head, pixels = unpack(request)
    grey = np.frombuffer(pixels, np.uint8).reshape(head["height"], head["width"])
    page = line_reader.read(grey)
    script = scripts.choose(tesseract.script(page.grey), head["language"], tesseract.data())
    words = scripts.weaken(page.words) if script.is_strange else page.words
    if script.data:
        words = scripts.merge(tesseract.read(page.grey, script.data), page.words)
        missed = scripts.missed(words, page.words)[:MAX_MISSED]
        words += [read for word in missed for read in tesseract.read_again(page.grey, script.data, word)]
    said = {"turned": page.turned, "slope": page.slope, "words": [word.packed() for word in words[:MAX_WORDS]]}
    return orjson.dumps(said)
