"""The invoice's number: what stands at one of its labels, or behind the document's name."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from domain.bills.content import Box
from domain.bills.extraction import dates, labels
from domain.bills.extraction.hints import KnownSupplier
from domain.bills.extraction.labels import FAIR, NUMBER, STRONG, WEAK, Label
from domain.bills.extraction.layout import Cell, Row, Sheet, Token, around, squeeze
from domain.bills.extraction.nearness import BELOW, near

LONGEST = 40
ID = re.compile(r"[#№]?((?:[^\W_]|[\-–/._\\#+&])+)")
DATED = re.compile(r"(?:\d{1,3}/\d{1,2}/\d{4}|20\d{6})(?![\d/])", re.ASCII)
SERIES = re.compile(r"\bseri[ae]\s+([A-Z]{1,6})[\s,]+(?:nr|num[aă]r|no)\.?\s*(\d{1,12})\b", re.IGNORECASE)
TITLE = re.compile(rf"(?:{labels.TITLES})+(?:du|vom|of|del|van|from|dated|zdnia|от|den|le)?")
# What the letters of a kind of document are followed by: FT A/1203.
SERIAL = re.compile(r"[A-Z0-9]{1,8}/\d{1,10}", re.ASCII)
GROUP = re.compile(r"[A-Z]{0,4}\d{2,6}", re.ASCII)
# What ends a number that is glued to the date behind it.
GLUED = re.compile(r"(?<=\d)(?:vom|du|of|from|dated|van|del|от|z)(?=\d)|/(?=\d\d?\.\d\d?\.\d{4})", re.IGNORECASE)
ROWS_ABOVE = 3
# Between two of its words a number may have a space: RE 2024-001, 2024 / 17.
CLOSE = 0.8
SHAPES = str.maketrans(dict.fromkeys("0123456789", "9"))


class Written(NamedTuple):
    """A number as it stands in a row."""

    value: str
    row: Row
    start: int
    end: int

    @property
    def tokens(self) -> list[Token]:
        return list(self.row.span(self.start, self.end))

    @property
    def box(self) -> Box:
        return around(self.tokens)

    @property
    def confidence(self) -> float:
        return min(token.confidence for token in self.tokens)


class Candidate(NamedTuple):
    """A number that may be the invoice's, with the strength of what says so."""

    written: Written
    strength: float
    says: str


def candidates(sheet: Sheet, supplier: KnownSupplier | None) -> list[Candidate]:
    """Return what may be the number, the likeliest first, each value once."""
    best: dict[str, Candidate] = {}
    for one in (
        *_labelled(sheet),
        *_titled(sheet),
        *_under_titles(sheet),
        *_of_series(sheet),
        *_of_known_shape(sheet, supplier),
    ):
        known = best.get(one.written.value)
        if known is None or one.strength > known.strength:
            best[one.written.value] = one
    shapes = {shape(number) for number in supplier.last_numbers} if supplier else set()
    return sorted(best.values(), key=lambda one: -one.strength - (shape(one.written.value) in shapes))


def _labelled(sheet: Sheet) -> Iterator[Candidate]:
    of_strong = read_also_dated if has_dates(sheet) else read
    for row in sheet.rows:
        for label in labels.find(row):
            reads = of_strong if label.strength == STRONG else read
            if label.kind == NUMBER and (found := near(sheet, label, reads)):
                written, where = found
                strength = label.strength - 0.2 * (label.row.number > len(sheet.rows) * 0.7)
                if where == BELOW:
                    strength -= 1.5 if _is_in_column(sheet, written) else 0.1
                yield Candidate(written, strength, f"it stands at “{row.text[label.start : label.end]}”")


def _is_in_column(sheet: Sheet, written: Written) -> bool:
    """Return whether a number like this stands under it: then a statement lists the numbers of several bills."""
    cell = written.row.cell_at(written.start)
    under = [
        other for other in sheet.below(cell, 1) if (one := read(other.row, other.start)) and one.value != written.value
    ]
    return any(shape(other.text.split()[0]) == shape(written.value) for other in under)


def _titled(sheet: Sheet) -> Iterator[Candidate]:
    """Yield what follows the document's name: `Invoice 4711`, or the one word under it."""
    for row in sheet.rows:
        for label in labels.matches(row, labels.titles(), NUMBER, FAIR):
            if label.start != row.cell_at(label.start).start or not _ends_title(row.text, label.end):
                continue
            found = near(sheet, label, read)
            if found and is_telling(found[0].value) and _stands_alone(found[0], label):
                yield Candidate(found[0], FAIR - 0.5 * (found[1] == BELOW), "it stands at the document's name")


def _ends_title(text: str, end: int) -> bool:
    """Return whether a title ends there: INV-4711 is a number, and no title before one; InvoiceA4711 is glued."""
    following = text[end : end + 1]
    return following in ("", " ", ":", "#") or (following.isalnum() and text[end - 1].islower())


def _under_titles(sheet: Sheet) -> Iterator[Candidate]:
    """Yield what stands at a bare `No.` under the document's name, or beside it."""
    reads = read_also_dated if has_dates(sheet) else read
    for row in sheet.rows:
        for label in labels.matches(row, labels.bare(), NUMBER, FAIR):
            cell = row.cell_at(label.start)
            found = near(sheet, label, reads) if label.start == cell.start else None
            if found and _has_title(sheet, cell):
                yield Candidate(found[0], FAIR + 0.5, "it stands under the document's name")
            elif found and labels.words_for_number().fullmatch(squeeze(row.text[label.start : label.end])):
                yield Candidate(found[0], WEAK, "it is called a number")


def _of_series(sheet: Sheet) -> Iterator[Candidate]:
    """Yield numbers that are written with their series: Seria CDS nr. 1245."""
    for row in sheet.rows:
        for found in SERIES.finditer(row.text):
            written = Written(f"{found[1]} {found[2]}", row, found.start(1), found.end(2))
            yield Candidate(written, STRONG, "its series is named")


def _has_title(sheet: Sheet, cell: Cell) -> bool:
    """Return whether a cell above, or one in the row, is the document's name and nothing else."""
    others = [other for other in cell.row.cells if other.first != cell.first]
    names = [squeeze(_undated(other)) for other in (*sheet.above(cell.box, cell.row, ROWS_ABOVE), *others)]
    return any(TITLE.fullmatch(name) or name.endswith("rechnung") for name in names)


def _undated(cell: Cell) -> str:
    """Return a cell's text up to the first date in it: Facture du 17/02/2026."""
    starts = [hit.start for hit in dates.find(cell.row) if cell.start <= hit.start < cell.end]
    return cell.row.text[cell.start : min(starts, default=cell.end)]


def _stands_alone(written: Written, label: Label) -> bool:
    """Return whether nothing but a date follows in the cell: a sentence has more to say than a number."""
    cell = written.row.cell_at(written.start)
    rest = written.row.text[written.end : cell.end]
    return len(rest.split()) <= 4 or any(hit.start >= written.end for hit in dates.find(written.row))


def _of_known_shape(sheet: Sheet, supplier: KnownSupplier | None) -> Iterator[Candidate]:
    """Yield what looks like the numbers that this supplier's bills had before."""
    shapes = {shape(number) for number in supplier.last_numbers} if supplier else set()
    shapes = {one for one in shapes if len(one) >= 5}
    for row in sheet.rows if shapes else ():
        for start in row.starts:
            written = read(row, start)
            if (
                written
                and shape(written.value) in shapes
                and written.value not in (supplier.last_numbers if supplier else ())
            ):
                yield Candidate(written, WEAK, "it looks like this supplier's numbers")


def read(row: Row, start: int) -> Written | None:
    """Return the number that begins at an offset, None if what is there is none."""
    found = ID.match(row.text, start)
    if not found:
        return None
    begin, end = found.span(1)
    text = row.text[begin:end]
    if glued := GLUED.search(text):
        end = begin + glued.start()
    end = _joined(row, begin, end)
    value = row.text[begin:end].strip("-–._/\\#+& ")
    if not any(letter.isdigit() for letter in value) or len(value) > LONGEST or _is_other(row, begin, end):
        return None
    return Written(value, row, begin, end)


def has_dates(sheet: Sheet) -> bool:
    """Return whether there are several dates, so that one of them may be a number instead."""
    return sum(len(dates.find(row)) for row in sheet.rows) > 1


def read_also_dated(row: Row, start: int) -> Written | None:
    """Return the number at an offset, also one that could be a date: the fifth one of February is 5/02/2026."""
    if written := read(row, start):
        return written
    found = DATED.match(row.text, start)
    return Written(found[0], row, start, found.end()) if found else None


def _joined(row: Row, begin: int, end: int) -> int:
    """Return the end with the words that belong to the number: letters before digits, or what a dash or slash joins."""
    at, days = row.token_at(begin), {hit.start for hit in dates.find(row)}
    while at + 1 < len(row.tokens) and row.gap(at) < CLOSE and end == row.starts[at] + len(row.tokens[at].text):
        following = row.tokens[at + 1].text
        goes_on = _goes_on(row.text[begin:end], following) or _fills_cell(row, begin, at)
        if not goes_on or not ID.fullmatch(following) or days & set(row.starts[at + 1 : at + 3]):
            break
        at, end = at + 1, end + 1 + len(following)
    return end


def _goes_on(text: str, following: str) -> bool:
    """Return whether a word belongs to the number before it: letters before digits, or a dash or slash between."""
    if (
        text.isalpha()
        and text.isupper()
        and len(text) <= 4
        and (following[:1].isdigit() or SERIAL.fullmatch(following))
    ):
        return True
    return text[-1] in "-/" or (following[0] in "-/" and any(letter.isdigit() for letter in text))


def _fills_cell(row: Row, begin: int, at: int) -> bool:
    """Return whether a cell has a number in groups up to its end: Q112 88."""
    cell, first = row.cell_at(begin), row.token_at(begin)
    groups = [token.text for token in row.tokens[first : cell.last]]
    is_whole = row.starts[first] == begin and at + 1 < cell.last
    return is_whole and len(groups) <= 4 and all(map(GROUP.fullmatch, groups))


def _is_other(row: Row, start: int, end: int) -> bool:
    """Return whether a date stands there, or an amount, a rate, a telephone number."""
    if any(hit.start < end and start < hit.end for hit in dates.find(row)):
        return True
    return row.text[end : end + 2].strip()[:1] in ("%", "€") or bool(re.fullmatch(r"\d+[.,]\d\d", row.text[start:end]))


def is_telling(value: str) -> bool:
    """Return whether a value alone looks like a number of a document: digits enough, or with letters, and no year."""
    digits, letters = sum(map(str.isdigit, value)), sum(map(str.isalpha, value))
    return (digits >= 3 or (digits >= 1 and letters >= 1 and not value.isalnum())) and not re.fullmatch(
        r"(?:19|20)\d\d", value
    )


def shape(value: str) -> str:
    """Return how a number is built: RE-2026/17 is AA-9999/99."""
    return "".join("A" if letter.isalpha() else letter for letter in value.translate(SHAPES))


__all__ = ["STRONG", "Candidate", "Written", "candidates", "is_telling", "read", "shape"]
