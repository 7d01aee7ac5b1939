"""Tesseract in the jail: says which script a page is in, and reads those that the other engine does not know."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import tesserocr

from domain.bills import tessdata
from domain.bills.scripts import Read, weaken

DPI = 200
WORD_LEVEL = "5"
SUREST = 100.0
# Around a word, in heights of it.
MARGIN = 0.5
_readers: dict[str, Any] = {}


class Script(NamedTuple):
    """The name of a script, and how surely it is that: from 1 on one may believe it."""

    name: str
    sureness: float


def load(files: Sequence[Path]) -> None:
    """Load the data in these files; tesseract wants them in one folder."""
    with TemporaryDirectory() as folder:
        for file in files:
            Path(folder, file.name).symlink_to(file)
        names = {file.stem for file in files}
        if tessdata.SCRIPTS in names:
            _readers[tessdata.SCRIPTS] = _reader(folder, tessdata.SCRIPTS, tesserocr.PSM.OSD_ONLY)
        latin = f"+{tessdata.LATIN}" if tessdata.LATIN in names else ""
        for name in sorted(names - {tessdata.SCRIPTS, tessdata.LATIN}):
            _readers[name] = _reader(folder, name + latin, tesserocr.PSM.SINGLE_BLOCK)


def _reader(folder: str, languages: str, mode: int) -> Any:
    return tesserocr.PyTessBaseAPI(path=folder, lang=languages, psm=mode)


def data() -> set[str]:
    """Return the names of the data with which words can be read."""
    return _readers.keys() - {tessdata.SCRIPTS}


def script(grey: np.ndarray) -> Script | None:
    """Return the script of most of the page; None if that cannot be said."""
    if tessdata.SCRIPTS not in _readers:
        return None
    reader = _readers[tessdata.SCRIPTS]
    _show(reader, grey)
    found = reader.DetectOrientationScript()
    return Script(found["script_name"], found["script_conf"]) if found else None


def read(grey: np.ndarray, name: str) -> list[Read]:
    """Return the words on an upright page."""
    reader = _readers[name]
    reader.SetPageSegMode(tesserocr.PSM.SINGLE_BLOCK)
    _show(reader, grey)
    return _words(reader, grey)


def read_again(grey: np.ndarray, name: str, word: Read) -> list[Read]:
    """Return the words on the page that was read last where the other engine has seen `word`; else that, weakened."""
    reader, (height, width) = _readers[name], grey.shape
    reader.SetPageSegMode(tesserocr.PSM.SINGLE_LINE)
    margin = (word.bottom - word.top) * MARGIN
    left, top = int(word.left * width - margin * height), int((word.top - margin) * height)
    right, bottom = int(word.right * width + margin * height), int((word.bottom + margin) * height)
    left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
    reader.SetRectangle(left, top, right - left, bottom - top)
    return _words(reader, grey) or weaken([word])


def _words(reader: Any, grey: np.ndarray) -> list[Read]:
    found, (height, width) = [], grey.shape
    for row in reader.GetTSVText(0).splitlines():
        level, *_, left, top, across, down, sureness, text = row.split("\t", 11)
        if level == WORD_LEVEL:
            x, y = int(left), int(top)
            box = [x / width, y / height, (x + int(across)) / width, (y + int(down)) / height]
            if word := Read.of(text, box, float(sureness) / SUREST):
                found.append(word)
    return found


def _show(reader: Any, grey: np.ndarray) -> None:
    height, width = grey.shape
    reader.SetImageBytes(grey.tobytes(), width, height, 1, width)
    reader.SetSourceResolution(DPI)
