"""What a person put right once is read right the next time: where a supplier's values stand, and what they look like.

`learn` turns corrections into rules for that supplier, and `recall` takes the values of its next bill by them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from domain.bills.content import Box, Found, Reading
from domain.bills.extraction import amounts as amounts_of
from domain.bills.extraction import dates, identifiers, numbers
from domain.bills.extraction.amounts import Amount
from domain.bills.extraction.dates import Hit
from domain.bills.extraction.hints import Correction, KnownSupplier
from domain.bills.extraction.layout import Row, Sheet, around, squeeze

# They stay from one bill to the next. An account does not: whoever changes it on a forged bill must be noticed.
CONSTANT = ("supplier_name", "supplier_vat_id", "supplier_tax_id", "currency_code")
DAYS, SUMS = ("issue_date", "due_date"), ("subtotal", "tax_total", "total")
RIGHT, BELOW = "right", "below"
MOST_PLACES, MOST_LESSONS = 3, 30
LONGEST_LABEL, ROWS_ABOVE = 40, 2
NEAR = 0.06
BY_LABEL, BY_PLACE, DOUBTED = 0.97, 0.85, 0.8
LEAST_SCORE = 2.5


class Place(NamedTuple):
    """A value of a field's kind on a page, and the label that it has there."""

    value: str
    row: Row
    start: int
    box: Box
    label: str
    where: str
    shape: str
    hit: Hit | None = None


def learn(reading: Reading, before: Mapping[str, Any], corrected: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what `corrected` values teach that were read otherwise, or not at all; nothing of what was right.

    `before` has the fields as they were found, or as plain values of the same names. What is returned is plain values
    too, to be kept for the supplier.
    """
    sheet = Sheet(reading)
    found = amounts_of.find(sheet.rows)
    learnt: list[Correction] = []
    for field, value in corrected.items():
        was = _was(before.get(field))
        if value in (None, "") or (was is not None and _is_same(field, was, value)):
            continue
        wrong = str(was) if was else ""
        if field in CONSTANT:
            learnt.append(Correction(field, constant=str(value), wrong=wrong))
        elif field in (*DAYS, *SUMS, "invoice_number", "iban"):
            learnt += _lessons(sheet, found, field, str(value), wrong)
    return [lesson.as_json() for lesson in learnt]


def _was(field: Any) -> Any:
    """Return the value of a field as it was found, or as a row keeps it."""
    return field.get("value") if isinstance(field, Mapping) else getattr(field, "value", None)


def recall(
    sheet: Sheet, amounts: Sequence[Amount], supplier: KnownSupplier, found: Mapping[str, Found], surely: bool
) -> dict[str, Found]:
    """Return the fields that the supplier's corrections tell otherwise than they were `found`.

    None is certain unless it is `surely` that supplier's bill.
    """
    told: dict[str, Found] = {}
    # The latest goes first, for a layout may change.
    learnt = [Correction.from_json(stored) for stored in reversed(supplier.corrections)]
    for field in dict.fromkeys(lesson.field for lesson in learnt):
        lessons = [lesson for lesson in learnt if lesson.field == field][:MOST_LESSONS]
        if field in CONSTANT:
            told |= _constant(sheet, lessons[0], found.get(field))
        elif one := _best(sheet, amounts, field, lessons, supplier):
            told[field] = one
    most = 1.0 if surely else DOUBTED
    return {field: one._replace(confidence=min(one.confidence, most)) for field, one in told.items()}


def _constant(sheet: Sheet, lesson: Correction, was: Found | None) -> dict[str, Found]:
    """Return what stays the same, unless the page now says something else that is neither right nor the old mistake."""
    is_new = was is not None and was.value not in (lesson.wrong, lesson.constant)
    if is_new and lesson.field != "supplier_name":
        return {}
    row = sheet.rows[0]
    reason = "a person wrote it so for this supplier"
    base = was or Found(None, 0, row.page.origin, row.page.number, None)
    return {lesson.field: base._replace(value=lesson.constant, confidence=BY_LABEL, reason=reason)}


def _lessons(sheet: Sheet, amounts: Sequence[Amount], field: str, value: str, wrong: str) -> Iterator[Correction]:
    places = list(_places(sheet, amounts, field))
    last = max((page.number for page in {id(row.page): row.page for row in sheet.rows}.values()), default=1)
    wrongly = next((place.label for place in places if _is_same(field, place.value, wrong)), "")
    right = [(place, *_as_meant(field, place, value)) for place in places]
    right = [(place, order, negated) for place, order, negated in right if order is not None]
    # The one with a label tells most.
    for place, order, negated in sorted(right, key=lambda one: (not one[0].label, one[0].where == BELOW))[:MOST_PLACES]:
        number = place.row.page.number
        page = number if number == 1 else number - last - 1
        yield Correction(
            field, place.label, place.where, page, place.box, place.shape, str(order), wrongly, negated=negated
        )


def _as_meant(field: str, place: Place, value: str) -> tuple[str | None, bool]:
    """Return the order of day and month in which a place says a value, None if it does not, and whether its sign is."""
    if place.hit:
        return next((order for order, day in place.hit.meanings.items() if day.isoformat() == value), None), False
    if _is_same(field, place.value, value):
        return "", False
    opposite = value[1:] if value.startswith("-") else f"-{value}"
    return ("", True) if field in SUMS and _is_same(field, place.value, opposite) else (None, False)


def _best(
    sheet: Sheet, amounts: Sequence[Amount], field: str, lessons: Sequence[Correction], supplier: KnownSupplier
) -> Found | None:
    places = list(_places(sheet, amounts, field))
    scored = sorted(
        ((_score(sheet, place, lesson), -at, place, lesson) for place in places for at, lesson in enumerate(lessons)),
        key=lambda one: (-one[0], -one[1]),
    )
    if not scored or scored[0][0] < LEAST_SCORE:
        return None
    score, _, place, lesson = scored[0]
    value = _value(place, lesson)
    rival = next((one for one in scored if _value(one[2], one[3]) != value), None)
    confidence = BY_LABEL if lesson.label and place.label == lesson.label else BY_PLACE
    if rival and rival[0] > score - 0.5:
        confidence = DOUBTED
    where = f"stands at “{place.label}”" if lesson.label else "stands in this place"
    reason = f"a person showed that it {where} on the bills of {supplier.name}"
    return Found(value, confidence, place.row.page.origin, place.row.page.number, place.box, reason)


def _value(place: Place, lesson: Correction) -> str:
    if place.hit:
        return place.hit.day(lesson.order).isoformat()
    return _opposite(place.value) if lesson.negated else place.value


def _opposite(value: str) -> str:
    return value[1:] if value.startswith("-") else f"-{value}"


def _score(sheet: Sheet, place: Place, lesson: Correction) -> float:
    """Return how well a place fits a lesson: its label most of all, then where it is, then what it looks like."""
    score = 0.0
    if lesson.label:
        score += 3 if place.label == lesson.label else -3
        score += 0.3 * (place.where == lesson.where)
    if lesson.wrong and place.label == lesson.wrong != lesson.label:
        score -= 2
    if lesson.box:
        aside = abs(place.box.left - lesson.box.left) < NEAR or abs(place.box.right - lesson.box.right) < NEAR
        score += 1.0 * aside + 1.0 * (abs(place.box.top - lesson.box.top) < NEAR)
    last = sheet.rows[-1].page.number
    score += 0.3 * (place.row.page.number == (lesson.page if lesson.page > 0 else last + 1 + lesson.page))
    return score + (1.0 if place.shape == lesson.shape else -0.5)


def _places(sheet: Sheet, amounts: Sequence[Amount], field: str) -> Iterator[Place]:
    """Yield all values of a field's kind on the pages."""
    if field in SUMS:
        for amount in amounts:
            if not amount.is_percent:
                start = amount.row.starts[amount.first]
                shape = f"{amount.decimals}{amount.currency or ''}"
                yield _place(sheet, format(amount.value, "f"), amount.row, start, amount.box, shape)
    elif field in DAYS:
        for row in sheet.rows:
            for hit in dates.find(row):
                box = around(row.span(hit.start, hit.end))
                shape = "".join(sorted(hit.meanings)) if len(hit.meanings) == 1 else "dmymdy"
                yield _place(sheet, "", row, hit.start, box, _kind(shape), hit)
    elif field == "iban":
        for one in identifiers.find(sheet):
            if one.kind == identifiers.IBAN:
                yield _place(sheet, one.value, one.row, one.start, one.box, one.value[:2])
    else:
        yield from _numbers(sheet)


def _kind(shape: str) -> str:
    return shape if shape in (dates.YMD, dates.NAMED) else "numbers"


def _numbers(sheet: Sheet) -> Iterator[Place]:
    for row in sheet.rows:
        for index, start in enumerate(row.starts):
            # A label may be glued to the number: No:4711.
            for begin in (start, *(start + at.end() for at in re.finditer(r"[:#°º.]", row.tokens[index].text))):
                if begin < len(row.text) and (written := numbers.read(row, begin)) and written.start == begin:
                    yield _place(sheet, written.value, row, begin, written.box, runs(written.value))


def runs(value: str) -> str:
    """Return how a number is built, whatever the lengths of its parts: RE-2026/17 is A-9/9."""
    return re.sub(r"(.)\1+", r"\1", numbers.shape(value))


def _place(sheet: Sheet, value: str, row: Row, start: int, box: Box, shape: str, hit: Hit | None = None) -> Place:
    return Place(value, row, start, box, *_label(sheet, row, start, box), shape, hit)


def _label(sheet: Sheet, row: Row, start: int, box: Box) -> tuple[str, str]:
    """Return the plain letters close before a value, or else above it, and how the value lies to them."""
    before = squeeze(re.split(r"\d\S*\s", row.text[:start])[-1])
    if any(map(str.isalpha, before)):
        return before[-LONGEST_LABEL:], RIGHT
    for cell in sheet.above(box, row, ROWS_ABOVE):
        squeezed = squeeze(cell.text)
        if any(map(str.isalpha, squeezed)) and not any(map(str.isdigit, squeezed)):
            return squeezed[-LONGEST_LABEL:], BELOW
    return "", ""


def _is_same(field: str, one: Any, other: Any) -> bool:
    if field in SUMS:
        try:
            return Decimal(str(one)) == Decimal(str(other))
        except InvalidOperation:
            return False
    return squeeze(str(one)) == squeeze(str(other))
