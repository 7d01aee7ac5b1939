"""`make bench-bills SAMPLES=folder`: how many fields of bills are read right, and how many of those that are certain.

The folder has bills that somebody has read: `own/pdf/NAME.pdf` and pictures of them `own/img/NAME.KIND.png` (or .jpg)
with what is on them in `own/truth/NAME.json`, and e-invoices anywhere under `einvoice`, with what their XML says in
`einvoice/zugferd/truth.json`, by path. What is not there is not measured.
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
from domain.bills import reader
from domain.bills.content import Reading
from domain.bills.extraction import Hints, compare, extract, is_certain
from domain.bills.extraction.layout import squeeze

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
AMOUNTS = ("net", "tax", "total")
CREDIT_NOTE = "381"
TYPES = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".xml": "application/xml"}
NO_EINVOICE = "unit"
SECONDS = 120
TEXT, PICTURES, CORPUS = "text layers", "pictures", "e-invoices by their pages alone"
LEAST = {TEXT: 0.97, PICTURES: 0.93, CORPUS: 0.90}
LEAST_CERTAIN, LEAST_EMBEDDED = 0.995, 0.99


class Field(NamedTuple):
    """A field of a sample: what is on it, what was found, whether it is right, and whether it was called certain."""

    sample: str
    name: str
    truth: str
    found: str | None
    right: bool
    certain: bool
    shown: bool


class Seen(NamedTuple):
    """A set of samples: its fields, the pages, and the seconds of reading and of extraction."""

    fields: list[Field]
    pages: int
    reading_s: float
    extraction_s: float


class Memory(threading.Thread):
    """Looks at this process and at those that it starts, ten times a second, and keeps the most that they had."""

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
                self.own = max(self.own, process.memory_info().rss / 2**20)
                resident = sum(child.memory_info().rss for child in process.children(recursive=True))
                self.children = max(self.children, resident / 2**20)


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
        certain = [field for field in seen.fields if field.certain and field.shown]
        table += [
            row(f"{name}: fields right", share([f.right for f in seen.fields]), LEAST[name]),
            row("... of those that the page shows", share([f.right for f in seen.fields if f.shown])),
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
    shown = all(check.passed for check in compare(reading))
    for name, field in NAMES.items():
        if truth.get(name) is None:
            continue
        one = found.get(field)
        right = one is not None and is_right(name, truth, one.value)
        yield Field(sample, name, truth[name], one and one.value, right, one is not None and is_certain(one), shown)


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
