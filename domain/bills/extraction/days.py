"""When a bill was issued and when it is due: the dates at their labels, with day and month in the page's order."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from domain.bills.content import Box
from domain.bills.extraction import dates, labels
from domain.bills.extraction.dates import Hit
from domain.bills.extraction.labels import DUE, EARLY, FAIR, ISSUE, NUMBER, ORDER_WORDS, OTHER_DATE, STRONG, WEAK, Label
from domain.bills.extraction.layout import Row, Sheet, around, squeeze
from domain.bills.extraction.nearness import near

DAYS = re.compile(
    r"(?:net\s*|netto\s*)?(\d{1,3})\s*(?:days?|tagen?|jours?|j\b|дни|дена|dias|días|giorni|dagen|dnů|dnu|dní|dni|dage?r?|päivää|pv|nap|zile|dias|gg\b)|\bnet\s*(\d{1,3})\b",
    re.IGNORECASE,
)
PAYS = re.compile(
    r"zahlbar|uberweis|begleich|zahlung|pay|remit|regl|virement|paga|betal|platn|плащане|плати|splatn|uhrad|plat[ia]"
    r"|maks|πληρω|εξοφλ|fizet|tasu|apmak|moket"
)
AFTERWARDS = re.compile(r"(?:zurzahlung)?fallig|zahlbar|exigible|payable")
OF_DAY = ("vom", "du", "of", "from", "dated", "del", "van", "zdnia", "от", "le", "on")
LATEST_DUE = timedelta(days=400)
LABELLED, FAIRLY, GUESSED, AMBIGUOUS = 0.97, 0.93, 0.7, 0.6


class Day(NamedTuple):
    """A date with its place, and how far it is believed."""

    day: date
    row: Row
    start: int
    end: int
    confidence: float
    reason: str

    @property
    def box(self) -> Box:
        return around(self.row.span(self.start, self.end))


class _Said(NamedTuple):
    hit: Hit
    strength: float
    label: str


def find(
    sheet: Sheet, currency: str | None, language: str | None, country: str | None
) -> tuple[Day | None, Day | None]:
    """Return the day of issue and the day on which it is due, None for what the pages do not say."""
    hits = [hit for row in sheet.rows for hit in dates.find(row)]
    order, is_sure = dates.order(hits, currency, language, country)
    said = _said(sheet)
    issue = _issue(sheet, hits, said, order, is_sure)
    due = _due(sheet, hits, said[DUE], order, is_sure, issue)
    if issue and not due:
        return issue, _by_terms(sheet, issue)
    return _agreed(sheet, issue, due)


def _by_terms(sheet: Sheet, issue: Day) -> Day | None:
    """Return the day to which the only term of payment leads: `payable within 30 days`; it is never certain."""
    found = [
        (int(term[1] or term[2]), row, term)
        for row in sheet.rows
        if PAYS.search(row.squeezed)
        for term in DAYS.finditer(row.text)
        if not _promises(row.text[: term.start()]) and not _promises(re.split("[,;]", row.text[term.end() :])[0])
    ]
    if len({count for count, _, _ in found}) != 1 or not 0 < found[0][0] <= LATEST_DUE.days:
        return None
    count, row, term = found[0]
    day = issue.day + timedelta(days=count)
    return Day(day, row, term.start(), term.end(), GUESSED, f"it is {count} days after the day of issue")


def _said(sheet: Sheet) -> dict[str, list[_Said]]:
    """Return the dates at each kind of label; one that an other kind has claimed more closely is not claimed twice."""
    said: dict[str, list[_Said]] = {ISSUE: [], DUE: [], OTHER_DATE: []}
    for row in sheet.rows:
        found = labels.find(row)
        for label in found:
            if label.kind in said and (hit := _near(sheet, label, found)):
                said[label.kind].append(_Said(hit, label.strength, row.text[label.start : label.end]))
    return said


def _near(sheet: Sheet, label: Label, others: Sequence[Label]) -> Hit | None:
    """Return the date at a label, None if another label is closer; but two may share a date: `Issued/Delivered`."""
    found = near(sheet, label, read)
    if not found:
        return None
    hit, text = found[0], label.row.text
    rivals = [one for one in others if hit.row is label.row and label.start < one.start < hit.start]
    rivals = [one for one in rivals if one.kind in (ISSUE, DUE, OTHER_DATE) and one.strength >= label.strength]
    return None if any(text[label.end : one.start].strip() not in ("(", "/", "&") for one in rivals) else hit


def read(row: Row, start: int) -> Hit | None:
    """Return the date that begins at an offset or, behind a weekday or a town, a little later."""
    return next(
        (hit for hit in dates.find(row) if start <= hit.start <= start + 4 or _after_weekday(row, start, hit)), None
    )


def _after_weekday(row: Row, start: int, hit: Hit) -> bool:
    between = row.text[start : hit.start].strip(" ,.")
    return hit.start > start and between.isalpha() and len(between) <= 12


def _issue(sheet: Sheet, hits: Sequence[Hit], said: dict[str, list[_Said]], order: str, is_sure: bool) -> Day | None:
    others = {_place(one.hit) for kind in (DUE, OTHER_DATE) for one in said[kind]}
    claimed = [one for one in said[ISSUE] if _place(one.hit) not in others or one.strength == STRONG]
    claimed += [_Said(hit, FAIR, row.text[: hit.start].strip()) for row, hit in _titled(sheet)]
    if claimed:
        best = max(claimed, key=lambda one: (one.strength, -one.hit.row.number))
        rivals = {one.hit.day(order) for one in claimed if one.strength >= best.strength}
        confidence = LABELLED if best.strength == STRONG else FAIRLY
        if best.strength == FAIR and len({hit.day(order) for hit in hits}) <= 2:
            confidence = LABELLED
        return _day(
            best.hit, order, is_sure, confidence if len(rivals) == 1 else GUESSED, f"it stands at “{best.label}”"
        )
    free = [hit for hit in hits if _place(hit) not in others and hit.row.number < max(12, len(sheet.rows) * 0.5)]
    days = {hit.day(order) for hit in free}
    if not free:
        return None
    return _day(
        free[0], order, is_sure, GUESSED if len(days) == 1 else AMBIGUOUS, "no other date stands so high on the page"
    )


def _titled(sheet: Sheet) -> Iterator[tuple[Row, Hit]]:
    """Yield dates in the row of the document's name: `Invoice 4711 of 3 May 2026`."""
    for row in sheet.rows:
        for title in labels.matches(row, labels.titles(), ISSUE, FAIR):
            cell = row.cell_at(title.start)
            hit = next((hit for hit in dates.find(row) if hit.start > title.end and not _is_number(row, hit)), None)
            if title.start != cell.start or hit is None:
                continue
            between = row.text[title.end : hit.start]
            if len(between) <= 60 and not any(word in squeeze(between) for word in ORDER_WORDS):
                claimed = [
                    one for one in labels.find(row) if title.end <= one.start < hit.start and one.kind == OTHER_DATE
                ]
                if all(squeeze(row.text[one.start : one.end]) == "vom" for one in claimed):
                    yield row, hit
        yield from _under_number(sheet, row)


def _under_number(sheet: Sheet, row: Row) -> Iterator[tuple[Row, Hit]]:
    """Yield a date that goes on under the number: `Invoice No. 4711`, and in the next row `of 3 May 2026`."""
    number = next((one for one in labels.find(row) if one.kind == NUMBER and one.strength == STRONG), None)
    for cell in sheet.below(row.cell_at(number.start), 1) if number else ():
        hit = next((hit for hit in dates.find(cell.row) if cell.start <= hit.start < cell.end), None)
        if hit and squeeze(cell.row.text[cell.start : hit.start]) in OF_DAY:
            yield cell.row, hit


def _is_number(row: Row, hit: Hit) -> bool:
    """Return whether what could be a date stands at a number's label: Rachunek nr 5/02/2026."""
    found = (one for one in labels.find(row) if one.kind == NUMBER and one.strength == STRONG)
    return any(one.end <= hit.start <= one.end + 3 for one in found) and "/" in row.text[hit.start : hit.end]


def _due(
    sheet: Sheet, hits: Sequence[Hit], said: Sequence[_Said], order: str, is_sure: bool, issue: Day | None
) -> Day | None:
    issued_at = (issue.row.number, issue.start) if issue and issue.confidence > GUESSED else None
    claimed = [one for one in said if not _is_early(one.hit)] or [
        _Said(hit, WEAK, label)
        for hit, label in _in_sentences(sheet, hits)
        if not _is_early(hit) and _place(hit) != issued_at
    ]
    later = [one for one in claimed if issue is None or issue.day <= one.hit.day(order) <= issue.day + LATEST_DUE]
    claimed = later or claimed
    if not claimed:
        return None
    days = {one.hit.day(order) for one in claimed}
    best = max(claimed, key=lambda one: (one.strength, one.hit.day(order)))
    confidence = (LABELLED if best.strength == STRONG else GUESSED) if len(days) == 1 else AMBIGUOUS
    return _day(best.hit, order, is_sure, confidence, f"it stands at “{best.label}”")


def _in_sentences(sheet: Sheet, hits: Iterable[Hit]) -> Iterator[tuple[Hit, str]]:
    """Yield dates in sentences about payment that have other words between: `payable within 30 days, by 4 July`."""
    for hit in hits:
        row = hit.row
        before = (sheet.rows[row.number - 1].text + " " if row.number else "") + row.text[: hit.start]
        words = squeeze(before[-90:])
        pays = PAYS.search(words)
        until = re.search(
            r"(?:biszum|bis|by|until|before|avantle|auplustardle|jusquau|pourle|entroil|uiterlijk|voor|do|до|antesdel|ate"
            r"|senast|senest|viimeistaan|εωσ|μεχρι|panala|lidz|iki|hiljemalt)$",
            words,
        )
        if (pays and until) or AFTERWARDS.match(squeeze(row.text[hit.end :] + _next_text(sheet, row))):
            yield hit, before[-40:].strip()


def _next_text(sheet: Sheet, row: Row) -> str:
    return sheet.rows[row.number + 1].text if row.number + 1 < len(sheet.rows) else ""


def _is_early(hit: Hit) -> bool:
    """Return whether the words before a date, in its clause, promise something for paying early."""
    return _promises(hit.row.text[: hit.start])


def _promises(before: str) -> bool:
    clause = re.split(r"[,;]|\bnetto\b|\bnet\b|\bohne abzug\b", before, flags=re.IGNORECASE)[-1]
    return any(word in squeeze(clause) or word in clause for word in EARLY)


def _day(hit: Hit, order: str, is_sure: bool, confidence: float, reason: str) -> Day:
    if not hit.is_sure and dates.NAMED in hit.meanings:
        confidence, reason = min(confidence, AMBIGUOUS), f"{reason}; another language has another month of this name"
    elif not hit.is_sure and not is_sure:
        confidence, reason = min(confidence, AMBIGUOUS), f"{reason}; day and month may be the other way round"
    return Day(hit.day(order), hit.row, hit.start, hit.end, confidence, reason)


def _place(hit: Hit) -> tuple[int, int]:
    return hit.row.number, hit.start


def _agreed(sheet: Sheet, issue: Day | None, due: Day | None) -> tuple[Day | None, Day | None]:
    """Return the days, surer where the terms of payment lead from one to the other, unsure where they contradict."""
    if issue is None or due is None:
        return issue, due
    if due.day < issue.day:
        doubt = "it is due before it is issued"
        return issue._replace(confidence=min(issue.confidence, AMBIGUOUS)), due._replace(
            confidence=AMBIGUOUS, reason=doubt
        )
    terms = {int(one or other) for row in sheet.rows for one, other in DAYS.findall(row.text)}
    if terms and (due.day - issue.day).days in terms - {0}:
        reason = f"the terms of payment, {(due.day - issue.day).days} days, lead from one date to the other"
        return tuple(one._replace(confidence=max(one.confidence, LABELLED), reason=reason) for one in (issue, due))  # type: ignore[return-value]
    return issue, due
