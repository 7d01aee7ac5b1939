"""RapidOCR in the jail: finds the lines of a page, whichever way it lies, and reads Latin letters and figures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

import cv2
import numpy as np
import rapidocr
from rapidocr.ch_ppocr_rec import TextRecInput

from domain.bills.reading.scripts import Read

MODELS = Path(rapidocr.__file__).with_name("models")
# The model that finds lines takes some 200 bytes for each pixel: it is given no larger page, and no narrower one if the
# pixels allow it.
MAX_PIXELS, MAX_SIDE, LEAST_SIDE = 1_600_000, 4000, 736
# Named by path: a model that is missing is fetched by nobody.
OPTIONS = {
    "Global.use_cls": False,
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    # The page comes in the size that it is looked at: a long receipt is not made wider, and so five times as large.
    "Det.limit_type": "max",
    "Det.limit_side_len": MAX_SIDE,
    "Det.model_path": str(MODELS / "PP-OCRv6_det_small.onnx"),
    "Rec.model_path": str(MODELS / "PP-OCRv6_rec_small.onnx"),
    "Rec.rec_batch_num": 1,
}
LEAST_SURE = 0.5
# A line that is so much higher than wide lies on its side; a single 1 is not.
TALL = 2.5
SAMPLE, UPRIGHT = 5, 0.85
MAX_LINES = 1000
STEEPEST = 0.5
LONG = 5

Corners = np.ndarray
_engines: list[Any] = []


class PageRead(NamedTuple):
    """The page as it was turned to be read, clockwise by so many degrees, and its words."""

    grey: np.ndarray
    turned: int
    slope: float
    lines: list[Corners]
    words: list[Read]


class Strip(NamedTuple):
    """A line as it was cut out of its page, and its corners in fractions of the page."""

    grey: np.ndarray
    corners: Corners
    is_tall: bool

    def part(self, start: float, end: float) -> list[float]:
        """Return left, top, right, bottom of a part of it, on the page."""
        return _part(self.corners, self.is_tall, start, end)


class Line(NamedTuple):
    """What stands in a line, and where in it each word does, as RapidOCR says it."""

    text: str
    sureness: float
    parts: Any


def load() -> None:
    """Load both models."""
    engine = rapidocr.RapidOCR(params=OPTIONS)
    engine(np.full((LEAST_SIDE, LEAST_SIDE, 3), 255, np.uint8), use_det=True, use_rec=False)
    engine(np.full((48, 320, 3), 255, np.uint8), use_det=False, use_rec=True)
    _engines[:] = [engine.text_det, engine.text_rec]


def read(grey: np.ndarray) -> PageRead:
    """Return the words on a page, which is turned until its lines are upright."""
    page = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    lines = _lines(page)
    quarters = 0
    if sum(map(_is_tall, lines)) > len(lines) / 2:
        quarters, page = 1, np.rot90(page)
        lines = _lines(page)
    found = _recognized(page, lines)
    if (sureness := _sureness(lines, found)) < UPRIGHT:
        flipped = np.rot90(page, 2)
        longest = _longest(others := _lines(flipped))
        if _sureness(longest, _recognized(flipped, longest)) > sureness:
            quarters, page, lines, found = quarters + 2, flipped, others, _recognized(flipped, others)
    return PageRead(
        np.ascontiguousarray(np.rot90(grey, quarters)), -90 * quarters % 360, _slope(page, lines), lines,
        list(_words(page, lines, found)),
    )  # fmt: skip


def strips(page: PageRead) -> Iterator[Strip]:
    """Yield the lines of a page, for another engine to read."""
    for line in page.lines:
        yield Strip(np.ascontiguousarray(_cut(page.grey, line)), line * _scale(page.grey), _is_tall(line))


def _scale(page: np.ndarray) -> np.ndarray:
    return np.array([1 / page.shape[1], 1 / page.shape[0]], np.float32)


def _lines(page: np.ndarray) -> list[Corners]:
    """Return the corners of each line from the upper left one on clockwise, in pixels."""
    height, width = page.shape[:2]
    wanted = max(1.0, LEAST_SIDE / min(width, height))
    factor = min(wanted, (MAX_PIXELS / (width * height)) ** 0.5, MAX_SIDE / max(width, height))
    size = max(1, int(width * factor)), max(1, int(height * factor))
    found = _engines[0](cv2.resize(page, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)).boxes
    scale = np.array([width / size[0], height / size[1]], np.float32)
    return [] if found is None else list(found[:MAX_LINES].astype(np.float32) * scale)


def _width(line: Corners) -> float:
    return max(float(np.linalg.norm(line[1] - line[0])), float(np.linalg.norm(line[2] - line[3])), 1.0)


def _height(line: Corners) -> float:
    return max(float(np.linalg.norm(line[3] - line[0])), float(np.linalg.norm(line[2] - line[1])), 1.0)


def _is_tall(line: Corners) -> bool:
    return _height(line) >= TALL * _width(line)


def _longest(lines: Sequence[Corners]) -> list[Corners]:
    return sorted((line for line in lines if not _is_tall(line)), key=_width)[-SAMPLE:]


def _sureness(lines: Sequence[Corners], found: Sequence[Line]) -> float:
    """Return how surely some of the longest lines are read: of those that stand on their head it is far lower."""
    longest = {id(line) for line in _longest(lines)}
    return (
        fmean(read.sureness for line, read in zip(lines, found, strict=True) if id(line) in longest) if longest else 1.0
    )


def _recognized(page: np.ndarray, lines: Sequence[Corners]) -> list[Line]:
    if not lines:
        return []
    found = _engines[1](TextRecInput(img=[_cut(page, line) for line in lines], return_word_box=True))
    return [Line(*one) for one in zip(found.txts, found.scores, found.word_results, strict=True)]


def _cut(page: np.ndarray, line: Corners) -> np.ndarray:
    width, height = max(1, int(_width(line))), max(1, int(_height(line)))
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = cv2.getPerspectiveTransform(line, upright)
    cut = cv2.warpPerspective(page, moved, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return np.rot90(cut) if _is_tall(line) else cut


def _words(page: np.ndarray, lines: Sequence[Corners], found: Sequence[Line]) -> Iterator[Read]:
    for line, read in zip(lines, found, strict=True):
        if read.sureness >= LEAST_SURE and read.parts.line_txt_len:
            yield from _parts(line * _scale(page), _is_tall(line), read.text, read.parts)


def _parts(line: Corners, is_tall: bool, text: str, parts: Any) -> Iterator[Read]:
    """Yield the words of a line, each with its own part of the line as its place."""
    sureness = [sure for letter, sure in zip(text, parts.confs, strict=False) if not letter.isspace()]
    half = 0.5 * min(1.0, parts.line_txt_len / max(1, len(text))) / parts.line_txt_len
    done = 0
    for letters, columns in zip(parts.words, parts.word_cols, strict=True):
        own, done = sureness[done : done + len(letters)], done + len(letters)
        start, end = ((column + 0.5) / parts.line_txt_len for column in (columns[0], columns[-1]))
        box = _part(line, is_tall, max(0.0, start - half), min(1.0, end + half))
        word = Read.of("".join(letters), box, fmean(own) if own else LEAST_SURE)
        if word:
            yield word


def _part(line: Corners, is_tall: bool, start: float, end: float) -> list[float]:
    upper_left, upper_right, lower_right, lower_left = line
    # A line on its side is read from top to bottom.
    one, other = ((upper_left, lower_left), (upper_right, lower_right)) if is_tall else (
        (upper_left, upper_right), (lower_left, lower_right)
    )  # fmt: skip
    corners = np.array([a + (b - a) * part for a, b in (one, other) for part in (start, end)])
    return [float(side) for side in (*corners.min(axis=0), *corners.max(axis=0))]


def _slope(page: np.ndarray, lines: Sequence[Corners]) -> float:
    """Return by which part of the page's height a long line sinks over its width."""
    height, width = page.shape[:2]
    slopes = [
        float((line[1][1] - line[0][1]) / max(1.0, line[1][0] - line[0][0]))
        for line in lines
        if _width(line) > LONG * _height(line)
    ]
    return max(-STEEPEST, min(STEEPEST, median(slopes) * width / height)) if slopes else 0.0
