"""The supplier's name: no field is harder to be sure of, so that several signs have to agree."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from babel import Locale

from domain.bills.content import Box
from domain.bills.extraction import labels, roles
from domain.bills.extraction.dates import LANGUAGES
from domain.bills.extraction.hints import Hints, KnownSupplier
from domain.bills.extraction.identifiers import Id
from domain.bills.extraction.layout import Row, Sheet, around, once_a_row, squeeze
from domain.bills.extraction.parties import (
    CUSTOMER,
    SUPPLIER,
    Heading,
    heading_of,
    headings,
    is_in_customers_block,
    party_of,
)

FORMS = re.compile(
    r"(?<![\w.])(?:gmbh(?:\s?&\s?co\.?\s?kg)?|ag|kg|ohg|gbr|ug|e\.?\s?k\.?|e\.?\s?v\.?|eg|mbh|se|kgaa|ltd|limited|llc|inc|plc|corp"
    r"|corporation|llp|co|company|pty|sarl|sas|sasu|eurl|sa|s\.a\.r\.l|s\.a\.s|s\.a|snc|sci|b\.?v|n\.?v|v\.?o\.?f|s\.?r\.?l"
    r"|s\.?p\.?a|s\.?l|s\.?l\.?u|sp\.?\s?z\s?o\.?\s?o|sp\.?\s?j|s\.?c|еоод|оод|ад|еад|ет|сд|ltda|lda|oy|oyj|ab|as|a\.?s|aps|a/s"
    r"|kft|zrt|bt|nyrt|d\.?o\.?o|d\.?d|s\.?r\.?o|a\.g|sprl|bvba|hb|kb|ivs|ky|lda|sia|uab|oü|sp\.?\s?k"
    r"|spółka jawna|α\.?ε|ο\.?ε|ε\.?ε|επε|ικε|ges\.?m\.?b\.?h)(?![\w])\.?",
    re.IGNORECASE,
)
# Before a name it is no form: Co. Cork is a county.
NEVER_FIRST = re.compile(r"co(?:mpany)?\b|inc\b", re.IGNORECASE)
# In a picture the form may be glued to the name.
GLUED_FORM = re.compile(r"[^\W\d_](?:GmbH|Ltd|Limited|SARL|SAS|LLC|Inc|Co|plc|S\.r\.l|B\.V|N\.V|ЕООД|ООД|AG|KG)\.?$")
PIECES = re.compile(r"\s[·|•●▪∙]\s|\s[-–—]\s|[·|•●▪∙]|,\s|\s{2,}|;\s")
LIST = re.compile(r"[·|•●▪∙]|\s[-–—]\s")
TITLE = re.compile(rf"(?:[a-z]{{0,24}}rechnung|{labels.TITLES})(?:{labels.WORDS})?|{labels.WORDS}")
PREFIX = re.compile(
    r"^(?:name|firma|firm|company|from|von|naam|nazwa|име|фирма|nom|nombre|absender|název|nome|nimi|namn|navn)\s*:\s*",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"\d|strasse|straße|street|road|avenue|lane|\brue\b|\bvia\b|plaza|calle|platz\b|weg\b|postfach|\bbox\b|бул\.|ул\.|гр\.|\btel\b|\bfax\b"
    r"|@|www|http|iban|bic\b|\bseite\b|\bpage\b|\bbank\b|sparkasse|\bkonto\b",
    re.IGNORECASE,
)
NO_NAME = re.compile(r"\d|@|www|http|iban", re.IGNORECASE)
PERSON = re.compile(r"^(?:herrn?|frau|mrs?|ms|m|mme|dr|z\.?\s?hd|attn|c/o)(?=[\s.:])", re.IGNORECASE)
DOMAIN = re.compile(r"(?:@|www\.|https?://)(?:[\w-]+\.)*?([\w-]{3,})\.(?:com?\.)?[a-z]{2,8}\b", re.IGNORECASE)
# Mail of these says nothing about its owner.
PROVIDERS = {
    "gmail",
    "gmx",
    "web",
    "yahoo",
    "hotmail",
    "outlook",
    "icloud",
    "abv",
    "mail",
    "orange",
    "wanadoo",
    "localhost",
}
LONGEST, SHORTEST = 70, 3
FORM, SITE, HEADING, AT_IDS = (
    "its legal form",
    "its mail or site",
    "its place under a heading",
    "it stands at the supplier's ids",
)
# The customer's name may stand first on a page, and twice; none of these is at it.
OF_SUPPLIER = {SITE, HEADING, AT_IDS}
LEAST_SCORE, SIGNS_OF_PROOF = 2.0, 3
PROVED, LIKELY = 0.96, 0.85


class Piece(NamedTuple):
    """A text that may be a name; it is `whole` unless it was cut from one that may go on with it."""

    text: str
    row: Row
    box: Box
    whole: bool


class Name(NamedTuple):
    """A piece that may be the supplier's name: the score of what speaks for it, and which signs those are."""

    piece: Piece
    score: float
    signs: tuple[str, ...]

    @property
    def confidence(self) -> float:
        proved = len(self.signs) >= SIGNS_OF_PROOF and FORM in self.signs and set(self.signs) & OF_SUPPLIER
        return PROVED if proved and self.piece.whole else min(LIKELY, 0.5 + 0.05 * self.score)


class Surroundings(NamedTuple):
    """What on the pages speaks for a name or against it; `counts` has how often each piece is there."""

    headings: Sequence[Heading]
    domains: Sequence[str]
    counts: dict[str, int]
    ids: Sequence[Id]


def find(sheet: Sheet, hints: Hints, ids: Sequence[Id]) -> Name | None:
    """Return the likeliest name of the supplier, None if nothing looks like one."""
    pieces = list(_pieces(sheet))
    counts: dict[str, int] = {}
    for piece in pieces:
        counts[squeeze(piece.text)] = counts.get(squeeze(piece.text), 0) + 1
    around_it = Surroundings(headings(sheet), _domains(sheet), counts, ids)
    names = [_judged(sheet, piece, around_it) for piece in pieces if not _is_own(piece.text, hints)]
    best = max(names, key=lambda name: name.score, default=None)
    return best if best and best.score >= LEAST_SCORE else None


def known(sheet: Sheet, hints: Hints) -> KnownSupplier | None:
    """Return the supplier of an earlier bill whose name stands by itself on the page, the first from the top.

    A name in the customer's block is the customer's, who may be a supplier elsewhere. Where no name stands, one tells
    that was taken for a supplier's until a person put it right, if it was for one supplier alone.
    """
    named = {one.plain_name: one for one in hints.suppliers if len(one.plain_name) >= SHORTEST}
    return _standing(sheet, hints, named) or _standing(sheet, hints, _misread(hints.suppliers))


def _misread(suppliers: Sequence[KnownSupplier]) -> dict[str, KnownSupplier]:
    found: dict[str, list[KnownSupplier]] = {}
    for one in suppliers:
        for name in one.misread_names:
            found.setdefault(name, []).append(one)
    return {name: of_it[0] for name, of_it in found.items() if len(of_it) == 1 and len(name) >= SHORTEST}


def _standing(sheet: Sheet, hints: Hints, suppliers: Mapping[str, KnownSupplier]) -> KnownSupplier | None:
    found = headings(sheet) if suppliers else ()
    for piece in _pieces(sheet) if suppliers else ():
        supplier = suppliers.get(squeeze(piece.text))
        if (
            supplier
            and not _is_own(piece.text, hints)
            and not party_of(piece.text)
            and not is_in_customers_block(sheet, found, piece.row, piece.box)
        ):
            return supplier
    return None


def _pieces(sheet: Sheet) -> Iterator[Piece]:
    """Yield what may be a name: each cell, and of one that lists name and address the parts that may be one."""
    last = sheet.rows[-1].page
    for row in sheet.rows:
        if row.page.number == 1 or row.page is last:
            yield from _in_row(row)


@once_a_row
def _in_row(row: Row) -> list[Piece]:
    found = []
    for cell in row.cells:
        parts, at = _split(cell.text), cell.start
        for number, part in enumerate(parts):
            start = row.text.index(part, at)
            at = start + len(part)
            text = _without_heading(part).strip(" :,;*·|-")
            is_listed = len(parts) > 1 and not has_form(text) and (number > 0 or _is_address(cell.text))
            if not is_listed and not part.rstrip().endswith(":") and _may_be_name(text):
                whole = ":" not in text and (len(parts) == number + 1 or _is_address(parts[number + 1]))
                found.append(Piece(text, row, around(row.span(start, at)), whole))
    return found


def _without_heading(text: str) -> str:
    """Return a text without what leads to a name in it: `Supplier: Brook Ltd`, `Sold by Brook Ltd`."""
    head, colon, rest = text.partition(":")
    if colon and party_of(head):
        return rest
    words = text.split()
    for count in (1, 2, 3):
        if len(words) > count and party_of(" ".join(words[:count])) == SUPPLIER and has_form(" ".join(words[count:])):
            return " ".join(words[count:])
    return PREFIX.sub("", text)


def _may_be_name(text: str) -> bool:
    # A street's word may be in a name, if its form shows that it is one.
    unlike = NO_NAME if has_form(text) else ADDRESS
    is_other = unlike.search(text) or PERSON.match(text) or _is_country(text)
    return SHORTEST <= len(text) <= LONGEST and not is_other


def _is_address(text: str) -> bool:
    """Return whether a cell lists with commas alone: then its first part is a town as likely as a name."""
    return bool(ADDRESS.search(text)) and not LIST.search(text)


def _is_country(text: str) -> bool:
    return squeeze(text) in _countries()


@cache
def _countries() -> frozenset[str]:
    """Return the countries' names in the languages that bills come in."""
    return frozenset(squeeze(name) for language in LANGUAGES for name in Locale(language).territories.values())


def _split(text: str) -> list[str]:
    parts = [part for part in PIECES.split(text) if part.strip()]
    joined: list[str] = []
    for part in parts:
        # A comma may stand before the legal form: Stratus Cloud, Inc.
        if joined and FORMS.fullmatch(part.strip()) and f"{joined[-1]}, {part}" in text:
            joined[-1] = f"{joined[-1]}, {part}"
        else:
            joined.append(part)
    return joined


def _judged(sheet: Sheet, piece: Piece, around_it: Surroundings) -> Name:
    text, row, box, _ = piece
    squeezed, heading = squeeze(text), heading_of(around_it.headings, sheet, row, box)
    signs = {
        FORM: 3 * has_form(text),
        SITE: 3 * any(_is_of(domain, squeezed) for domain in around_it.domains),
        HEADING: _under(heading, row),
        AT_IDS: 2 * any(_is_beside(one, row) for one in around_it.ids),
        "it stands there twice": 2 * (around_it.counts[squeezed] > 1),
        "it is the first on the page": _is_first(row),
    }
    penalty = 6 * (heading is not None and heading.party == CUSTOMER) + _is_no_name(text, row) + (row.page.number > 1)
    return Name(piece, sum(signs.values()) - penalty, tuple(sign for sign, worth in signs.items() if worth > 0))


def _is_first(row: Row) -> int:
    return 2 * (row.number == 0) + (row.top < 0.12) + (row.top > 0.88 and row.page.number == 1)


def has_form(text: str) -> bool:
    """Return whether a legal form stands at a name of its own."""
    if GLUED_FORM.search(text):
        return True
    is_there = any(found.start() or not NEVER_FIRST.match(text) for found in FORMS.finditer(text))
    return is_there and len(FORMS.sub("", text).strip(" ,.")) > 2


def _under(heading: Heading | None, row: Row) -> float:
    if heading is None or heading.party != SUPPLIER:
        return 0
    return max(0.0, 4.5 - (row.number - heading.row.number)) + 1 if heading.row is not row else 2


def _is_beside(one: Id, row: Row) -> bool:
    return one.row.page is row.page and abs(one.row.number - row.number) <= 1


def _is_no_name(text: str, row: Row) -> float:
    """Return how much speaks against a text being a name."""
    squeezed = squeeze(text)
    is_cut = ":" in text
    is_title = bool(TITLE.fullmatch(squeezed)) or (roles.of(text) is not None and not has_form(text))
    is_label = any(label.row.text[label.start : label.end] in text for label in labels.find(row))
    is_sentence = len(text.split()) > 7 or text.rstrip().endswith((":", "?", "!"))
    return (
        3.0 * is_cut
        + 5.0 * is_title
        + 3.0 * is_label
        + 3.0 * is_sentence
        + 2.0 * text[:1].islower()
        + 4.0 * (sum(map(str.isalpha, text)) < 3)
    )


def _is_own(text: str, hints: Hints) -> bool:
    squeezed = squeeze(text)
    return any(len(own) > 2 and (own in squeezed or squeezed in own) for own in map(squeeze, hints.own_names))


def _domains(sheet: Sheet) -> list[str]:
    found = {squeeze(domain) for row in sheet.rows for domain in DOMAIN.findall(row.text)}
    return [domain for domain in found if domain not in PROVIDERS]


def _is_of(domain: str, squeezed: str) -> bool:
    """Return whether a domain is made of a name: `hetzner` of Hetzner Online GmbH."""
    name = re.sub(r"(gmbh|ltd|inc|llc|sarl|ag|kg)$", "", squeezed)
    return len(domain) >= 4 and len(name) >= 4 and (domain in name or name in domain)
