"""`make bench-bills SAMPLES=folder`: how many fields of bills are read right, and how many of those that are certain.

The folder has bills that somebody has read: `own/pdf/NAME.pdf` and pictures of them `own/img/NAME.KIND.png` (or .jpg)
with what is on them in `own/truth/NAME.json`, and e-invoices anywhere under `einvoice`, with what their XML says in
`einvoice/zugferd/truth.json`, by path. What is not there is not measured.

The page of an e-invoice may lack what its XML says, or show another bill: there, to find nothing is right, and anything
else is wrong. The table also has the share of all that the XML says.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from bench.table import render, row
from domain.bills.content import Reading
from domain.bills.extraction import Hints, amounts, compare, currencies, dates, extract, is_certain
from domain.bills.extraction.layout import Sheet, squeeze
from domain.bills.reading import reader

# The words of the truth files, and the fields that they are.
NAMES = {
    "invoice_number": "invoice_number",
    "issue_date": "issue_date",
    "due_date": "due_date",
    "currency": "currency_code",
    "net": "subtotal",
    "tax": "tax_total",
    "total": "total",
    "supplier": "supplier_name",
    "supplier_vat": "supplier_vat_id",
}
AMOUNTS, DAYS = ("net", "tax", "total"), ("issue_date", "due_date")
CREDIT_NOTE = "381"
TYPES = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".xml": "application/xml"}
NO_EINVOICE = "unit"
SECONDS = 120
TEXT, PICTURES, CORPUS = "text layers", "pictures", "e-invoices by their pages alone"
LEAST = {TEXT: 0.97, PICTURES: 0.93, CORPUS: 0.90}
LEAST_CERTAIN, LEAST_EMBEDDED = 0.995, 0.99


class Field(NamedTuple):
    """A field of a sample: what is on it, what was found, whether it is right, and whether it was called certain.

    `stands` tells whether the page has it at all, `shown` whether its page is known to be this bill's.
    """

    sample: str
    name: str
    truth: str
    found: str | None
    right: bool
    certain: bool
    stands: bool
    shown: bool

    @property
    def answered(self) -> bool:
        """Return whether the answer is the right one: the value, or none where the page has none."""
        return self.right or (not self.stands and self.found is None)


class Seen(NamedTuple):
    """A set of samples: its fields, the pages, and the seconds of reading and of extraction."""

    fields: list[Field]
    pages: int
    reading_s: float
    extraction_s: float


class Memory(threading.Thread):
    """Looks at this process and at those that it starts, ten times a second, and keeps the most that they had.

    What forked processes share, as they do the models, counts once.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own = self.children = 0.0
        self._done = threading.Event()

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        process = psutil.Process()
        while not self._done.wait(0.1):
            with suppress(psutil.Error):
                self.own = max(self.own, _proportional(process))
                self.children = max(self.children, sum(map(_proportional, process.children(recursive=True))))


def _proportional(process: psutil.Process) -> float:
    """Return the memory that a process has in MiB, of what it shares its part; 0 if it has just ended."""
    try:
        return process.memory_full_info().pss / 2**20
    except psutil.Error:
        return 0.0


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("make bench-bills SAMPLES=folder: the folder of samples is missing; bench/bills.py says what it has")
    figures = measure(Path(sys.argv[1]))
    for name, seen in figures["sets"].items():
        for field in seen.fields:
            if not field.right:
                sure = " CERTAIN" if field.certain else ""
                print(f"{name}: {field.sample}: {field.name} is {field.truth}, found {field.found}{sure}")
    print(f"\n{render(rows(figures))}")


def measure(folder: Path) -> dict[str, Any]:
    """Return the sets of samples as they were read, how many e-invoices of how many, and the memory that it took."""
    with Memory() as memory:
        sets = {TEXT: _own(folder, "pdf"), PICTURES: _own(folder, "img"), CORPUS: _corpus(folder)}
        embedded = [_has_xml(path) for path in _einvoices(folder)]
    kept = {name: seen for name, seen in sets.items() if seen.fields}
    return {"sets": kept, "embedded": embedded, "peak_mib": [memory.own, memory.children]}


def rows(figures: dict[str, Any]) -> list[dict]:
    """Return the table: shares are of 1."""
    table: list[dict] = []
    for name, seen in figures["sets"].items():
        certain = [field for field in seen.fields if field.certain and (field.stands or field.shown)]
        table += [
            row(f"{name}: fields right, or rightly not found", share([f.answered for f in seen.fields]), LEAST[name]),
            row("... right, of all in the truth", share([f.right for f in seen.fields])),
            row("... right, of those that stand on the page", share([f.right for f in seen.fields if f.stands])),
            row("... certain", share([f.certain for f in seen.fields])),
            row("... of these right", share([f.right for f in certain]), LEAST_CERTAIN),
            row("... reading, ms a page", 1000 * seen.reading_s / seen.pages),
            row("... extraction, ms a page", 1000 * seen.extraction_s / seen.pages),
        ]
    if figures["embedded"]:
        table.append(row("e-invoices whose XML was read", share(figures["embedded"]), LEAST_EMBEDDED))
    own, children = figures["peak_mib"]
    return [*table, row("memory of this process, MiB", own), row("... of those that read, MiB", children)]


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


def _own(folder: Path, kind: str) -> Seen:
    samples = []
    for path in sorted((folder / "own" / kind).glob("*")):
        truth = folder / "own" / "truth" / f"{path.name.split('.')[0]}.json"
        samples.append((path, path.name, json.loads(truth.read_text())))
    return _seen(samples)


def _corpus(folder: Path) -> Seen:
    truth = folder / "einvoice" / "zugferd" / "truth.json"
    known = json.loads(truth.read_text()) if truth.exists() else {}
    return _seen([(truth.parent / name, name, said) for name, said in known.items()])


def _seen(samples: list[tuple[Path, str, Mapping[str, Any]]]) -> Seen:
    fields, pages, reading_s, extraction_s = [], 0, 0.0, 0.0
    for path, name, truth in samples:
        began = time.perf_counter()
        reading = _read(path)
        read = time.perf_counter()
        fields += list(_fields(name, truth, reading))
        extraction_s += time.perf_counter() - read
        reading_s += read - began
        pages += len(reading.pages)
    return Seen(fields, max(pages, 1), reading_s, extraction_s)


def _read(path: Path) -> Reading:
    return reader.read(path.read_bytes(), TYPES[path.suffix.lower()], None, time.monotonic() + SECONDS)


def _fields(sample: str, truth: Mapping[str, Any], reading: Reading) -> Iterator[Field]:
    """Yield the fields of a sample as its pages alone say them; an e-invoice's page may show another bill."""
    found = extract(reading._replace(xml=None), Hints())
    shown, sheet = all(check.passed for check in compare(reading)), Sheet(reading)
    for name, field in NAMES.items():
        if truth.get(name) is None:
            continue
        one = found.get(field)
        right = one is not None and is_right(name, truth, one.value)
        # What somebody wrote down is on the page, though a picture of it may be read wrong.
        stands = right or reading.xml is None or _stands(name, truth[name], sheet)
        certain = one is not None and is_certain(one)
        yield Field(sample, name, truth[name], one and one.value, right, certain, stands, shown)


def _stands(name: str, said: str, sheet: Sheet) -> bool:
    """Return whether a value is on the pages, wherever."""
    if name in AMOUNTS:
        wanted = abs(Decimal(said))
        return any(abs(one.value) == wanted and not one.is_percent for one in amounts.find(sheet.rows))
    if name in DAYS:
        days = (day for row in sheet.rows for hit in dates.find(row) for day in hit.meanings.values())
        return said in {day.isoformat() for day in days}
    if name == "currency":
        words = [token.text for row in sheet.rows for token in row.tokens]
        return said in {currencies.named(word) or currencies.sign("", word[-1:]) for word in words}
    return squeeze(said) in sheet.squeezed.replace("\n", "")


def is_right(name: str, truth: Mapping[str, Any], value: str) -> bool:
    """Return whether a value is what the truth says, whatever the spaces, and with a name's legal form or without."""
    said = truth[name]
    if name in AMOUNTS:
        # The XML of a credit note has no signs.
        return Decimal(said) == Decimal(value) or (
            truth.get("type") == CREDIT_NOTE and -Decimal(said) == Decimal(value)
        )
    one, other = squeeze(said), squeeze(value)
    return one == other or (name == "supplier" and (one in other or other in one))


def _einvoices(folder: Path) -> Iterator[Path]:
    """Yield the XML files, and the PDFs that are known to carry one; the tests of single rules are no e-invoices."""
    corpus = folder / "einvoice" / "zugferd"
    for path in sorted((folder / "einvoice").rglob("*")):
        if path.suffix.lower() == ".xml" and NO_EINVOICE not in path.parts:
            yield path
    truth = corpus / "truth.json"
    yield from (corpus / name for name in (json.loads(truth.read_text()) if truth.exists() else ()))


def _has_xml(path: Path) -> bool:
    return bool(_read(path).xml)


if __name__ == "__main__":
    main()
