"""The data of tesseract: which scripts it reads here that the other engine does not know."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
# Ours, that of the extra `ocr`, and those of Linux distributions; in the first that has a file it counts.
FOLDERS = (
    HERE,
    Path(sys.prefix, "share", "tessdata"),
    Path("/usr/share/tesseract-ocr/5/tessdata"),
    Path("/usr/share/tessdata"),
)
# What tells scripts apart, and the letters of Latin script beside others: both come with the extra.
SCRIPTS, LATIN = "osd", "eng"
NEEDED = (SCRIPTS, LATIN, "bul")
# The language of an organization, and the data for it. Any of a script is better than none.
CYRILLIC = {"bg": "bul", "ru": "rus", "uk": "ukr", "sr": "srp", "mk": "mkd", "be": "bel"}
GREEK = {"el": "ell"}
KNOWN = (*NEEDED, *CYRILLIC.values(), *GREEK.values())


def files() -> list[str]:
    """Return the path of each file of data that is here."""
    places = ([folder / f"{name}.traineddata" for folder in FOLDERS] for name in dict.fromkeys(KNOWN))
    return [str(found) for paths in places if (found := next((path for path in paths if path.is_file()), None))]


def lacking() -> list[str]:
    """Return the names of what is needed and not here."""
    here = {Path(path).stem for path in files()}
    return [name for name in NEEDED if name not in here]
