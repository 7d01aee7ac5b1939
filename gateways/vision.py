"""Google Vision reads a page's picture: `images:annotate` with DOCUMENT_TEXT_DETECTION."""

import base64
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import settings
from gateways import require_outside
from gateways.providers import Unavailable, Unusable, line, post

PATH = "/v1/images:annotate"
# The service takes requests of 10 MB, and base64 makes three bytes four.
LARGEST_IMAGE = 7 * 1024 * 1024
MOST_WORDS, LONGEST_WORD = 20_000, 200
# Of google.rpc.Code: the service is at its limit, or away, or was too slow.
TRY_AGAIN = {4, 8, 10, 13, 14}
SHAPE = "the OCR service answered in a shape that it does not document"


Box = tuple[float, float, float, float]


class SeenWord(NamedTuple):
    """A word of a picture; its box is left, top, right, bottom in fractions of the picture."""

    text: str
    box: Box
    confidence: float


def annotate(image: bytes, languages: Sequence[str] = ()) -> list[SeenWord]:
    """Return the words of a picture in the order in which one reads them.

    Raise Unavailable, Misconfigured, or Unusable where the picture or the answer is beyond use.
    """
    require_outside()
    if len(image) > LARGEST_IMAGE:
        raise Unusable(f"the picture has {len(image)} bytes: the OCR service takes {LARGEST_IMAGE}")
    key = settings.current().ocr_api_key
    answer = post("ocr", PATH, {"X-Goog-Api-Key": key} if key else {}, _request(image, languages))
    try:
        [response] = answer["responses"]
        _check(response)
        words = list(_words(response))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise Unusable(SHAPE) from None
    if len(words) > MOST_WORDS:
        raise Unusable(f"the picture has more than {MOST_WORDS} words")
    return words


def _request(image: bytes, languages: Sequence[str]) -> dict[str, Any]:
    request: dict[str, Any] = {
        "image": {"content": base64.b64encode(image).decode()},
        "features": [{"type": "DOCUMENT_TEXT_DETECTION"}],
    }
    return {"requests": [request | ({"imageContext": {"languageHints": list(languages)}} if languages else {})]}


def _check(response: dict[str, Any]) -> None:
    """Raise what the service says of this picture alone, which it does with the status 200."""
    error = response.get("error")
    if error:
        words = f"the OCR service cannot read the picture: {line(str(error.get('message', '')))}"
        raise Unavailable(words) if error.get("code") in TRY_AGAIN else Unusable(words)


def _words(response: dict[str, Any]) -> Iterator[SeenWord]:
    for page in response.get("fullTextAnnotation", {}).get("pages", []):
        size = page.get("width", 0), page.get("height", 0)
        for block in page.get("blocks", []):
            for paragraph in block.get("paragraphs", []):
                for pieces in _joined(paragraph.get("words", [])):
                    yield from _word([(piece, _box(piece["boundingBox"], *size)) for piece in pieces])


def _joined(words: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the pieces of each word: what has no break behind it goes on, as in `INV`, `-`, `4711`."""
    pieces: list[dict[str, Any]] = []
    for word in words:
        pieces.append(word)
        if word.get("symbols") and word["symbols"][-1].get("property", {}).get("detectedBreak"):
            yield pieces
            pieces = []
    if pieces:
        yield pieces


def _word(pieces: Sequence[tuple[dict[str, Any], Box]]) -> Iterator[SeenWord]:
    text = "".join(symbol["text"] for piece, _ in pieces for symbol in piece.get("symbols", []))[:LONGEST_WORD]
    confidence = min(float(piece.get("confidence", 0.0)) for piece, _ in pieces)
    lefts, tops, rights, bottoms = zip(*(box for _, box in pieces), strict=True)
    box = min(lefts), min(tops), max(rights), max(bottoms)
    if text.strip() and text.isprintable() and box[0] < box[2] and box[1] < box[3]:
        yield SeenWord(text, box, min(max(confidence, 0.0), 1.0) if math.isfinite(confidence) else 0.0)


def _box(polygon: dict[str, Any], width: float, height: float) -> Box:
    """Return the box around a polygon. Its numbers are pixels or fractions, and those that are 0 are left out."""
    corners, across, down = polygon.get("normalizedVertices"), 1.0, 1.0
    if not corners:
        corners, across, down = polygon["vertices"], float(width), float(height)
    lefts, tops = [_fraction(c.get("x", 0), across) for c in corners], [_fraction(c.get("y", 0), down) for c in corners]
    return min(lefts), min(tops), max(lefts), max(tops)


def _fraction(place: float, of: float) -> float:
    """Return a place as a fraction of the page; raise ValueError where it is no number, or the page has no size."""
    if of <= 0 or not math.isfinite(place):
        raise ValueError(place)
    return min(max(place / of, 0.0), 1.0)
