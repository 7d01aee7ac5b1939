"""Tesseract in the jail: says which script a page is in, and reads those that the other engine does not know."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import cv2
import numpy as np
import tesserocr

from domain.bills.reading import tessdata

DPI = 200
WORD_LEVEL = "5"
SUREST = 100.0
# In pixels: a lower line is enlarged, and each gets a border as light as its ground: so many per cent of it are darker.
LEAST_HEIGHT, BORDER, GROUND = 48, 10, 90
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
            _readers[name] = _reader(folder, name + latin, tesserocr.PSM.SINGLE_LINE)


def _reader(folder: str, languages: str, mode: int) -> Any:
    return tesserocr.PyTessBaseAPI(path=folder, lang=languages, psm=mode)


def data() -> set[str]:
    """Return the names of the data with which words can be read."""
    return _readers.keys() - {tessdata.SCRIPTS}


def tells_scripts() -> bool:
    """Return whether there is the data that tells scripts apart: without, Latin letters may be anything."""
    return tessdata.SCRIPTS in _readers


def script(grey: np.ndarray) -> Script | None:
    """Return the script of most of the page; None if that cannot be said."""
    if not tells_scripts():
        return None
    reader = _readers[tessdata.SCRIPTS]
    _show(reader, grey)
    found = reader.DetectOrientationScript()
    return Script(found["script_name"], found["script_conf"]) if found else None


def read(line: np.ndarray, name: str) -> Iterator[tuple[str, float, float, float]]:
    """Yield each word of a line, where in the line it begins and ends, and how sure it is; each from 0 to 1."""
    reader = _readers[name]
    if line.shape[0] < LEAST_HEIGHT:
        line = cv2.resize(line, None, fx=LEAST_HEIGHT / line.shape[0], fy=LEAST_HEIGHT / line.shape[0])
    ground = int(np.percentile(line, GROUND))
    line = cv2.copyMakeBorder(line, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_CONSTANT, value=ground)
    _show(reader, line)
    width = line.shape[1] - 2 * BORDER
    for row in reader.GetTSVText(0).splitlines():
        level, *_, left, _, across, _, sureness, text = row.split("\t", 11)
        if level == WORD_LEVEL:
            start = int(left) - BORDER
            yield text, max(0.0, start / width), min(1.0, (start + int(across)) / width), float(sureness) / SUREST


def _show(reader: Any, grey: np.ndarray) -> None:
    height, width = grey.shape
    reader.SetImageBytes(grey.tobytes(), width, height, 1, width)
    reader.SetSourceResolution(DPI)
