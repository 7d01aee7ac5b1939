"""Bills of many kinds as they look, in layouts/*.txt: what each says, a line of dashes, its pages. All are made up."""

from pathlib import Path
from typing import NamedTuple

from domain.bills.content import FIELDS, Reading
from domain.bills.extraction import Hints
from tests.unit.bills.pages import reading


class Layout(NamedTuple):
    """A bill's pages, what they say by field, and what their reader knows beforehand."""

    reading: Reading
    says: dict[str, str]
    hints: Hints


def _read(path: Path) -> Layout:
    head, _, text = path.read_text().partition("\n---\n")
    said = [tuple(line.split(": ", 1)) for line in head.splitlines()]
    known = dict(said)
    hints = Hints(
        own_ids=[value for name, value in said if name == "own_id"],
        own_names=[value for name, value in said if name == "own_name"],
        language=known.get("language"),
        currency=known.get("currency"),
    )
    return Layout(reading(*text.split("\f")), {name: known[name] for name in FIELDS if name in known}, hints)


LAYOUTS = {path.stem: _read(path) for path in sorted((Path(__file__).parent / "layouts").glob("*.txt"))}
