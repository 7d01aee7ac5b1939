"""Ids that prove themselves: VAT ids and IBANs by their checksums; and tax ids, by the words before them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from stdnum import iban as ibans
from stdnum import numdb
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from domain.bills.content import OCR, Box
from domain.bills.extraction.labels import one_of
from domain.bills.extraction.layout import Row, Sheet, Token, around

VAT, TAX, IBAN = "VAT id", "tax id", "IBAN"
# How a VAT id is built behind the country's letters; `stdnum` knows the check digits of all of them but those of SM.
FORMATS = {
    "AT": r"U\d{8}", "BE": r"[01]?\d{9}", "BG": r"\d{9,10}", "CHE": r"\d{9}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}",
    "DE": r"\d{9}", "DK": r"\d{8}", "EE": r"\d{9}", "EL": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}", "GB": r"\d{9}(?:\d{3})?|GD\d{3}|HA\d{3}", "HR": r"\d{11}", "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}", "IT": r"\d{11}", "LT": r"\d{9}(?:\d{3})?", "LU": r"\d{8}", "LV": r"\d{11}",
    "MT": r"\d{8}", "NL": r"\d{9}B\d{2}", "NO": r"\d{9}(?:MVA)?", "PL": r"\d{10}", "PT": r"\d{9}", "RO": r"\d{2,10}",
    "SE": r"\d{12}", "SI": r"\d{8}", "SK": r"\d{10}", "XI": r"\d{9}(?:\d{3})?", "SM": r"\d{5}",
}  # fmt: skip
MODULES = {"CHE": ("ch", "uid"), "EL": ("gr", "vat"), "XI": ("gb", "vat"), "NO": ("no", "mva")}
# Elsewhere than in ids these letters and digits are too common to be one without a label.
NEEDS_LABEL = {"RO", "SM", "NO", "LU", "MT", "SI", "DK", "FI", "HU"}
# In a picture a label may be glued to the id.
GLUED = "|".join(rf"(?<={label})" for label in ("ID", "IVA", "TVA", "BTW", "VAT", "NIF", "CIF", "NIP", "UID", "MWST"))
PREFIX = re.compile(rf"(?:(?<![A-Z0-9])|{GLUED})({'|'.join(FORMATS)})(?=[\s.\-:]{{0,2}}[A-Z0-9])")
BODY = re.compile(r"[\s.\-]{0,2}([A-Z0-9+*](?:[\s.\-]?[A-Z0-9+*]){1,14})")
VAT_LABELS = one_of(
    "vat id|vat no|vat number|vat reg no|vat registration no|vat registration number|vat|vat nr|ust id nr|ust id|ustid"
    "|ust ident nr|ust identnr|ust idnr|umsatzsteuer id|umsatzsteuer identifikationsnummer|uid|uid nr|mwst nr|mwst"
    "|n tva|tva|tva intracommunautaire|n tva intracommunautaire|numero de tva|no tva|n de tva|id tva|tva intra"
    "|ин по зддс|ддс|ддс №|ддс номер|идент № по ддс|ин по ддс|zddc|nif iva|nif|cif|iva|partita iva|p iva|piva|p.iva"
    "|btw nummer|btw nr|btw|btw id|nip|vat ue|tax id|tax no|tax number|gst no|tax registration number|vat code"
    "|dic|ic dph|moms nr|momsreg nr|momsregnr|moms reg nr|vat reg nr|cvr|cvr nr|se nr|alv tunnus|alv nro|y tunnus|αφμ"
    "|adoszam|kozossegi adoszam|eu adoszam|cui|cod fiscal|contribuinte|nipc|oib|id za ddv|id ddv|pvn|pvn reg nr|kmkr"
    "|kmkr nr|pvm kodas|pvm moketojo kodas|org nr|orgnr|mva|reg nr|reģ nr"
)
BEHIND = r"(?:\s?(?:id|nr|no|n|number|reg|registration|numer|n[.º°]{1,3}|№|#)\.?)*\W{0,3}"
NATIONAL = {
    # Pictures mistake the two letters, which are no Cyrillic ones.
    "BG": re.compile(r"ДДС(?:\s?№)?\W{0,3}(?:[A-ZА-Я]{2}\s?)?(\d{9,10})(?!\d)", re.IGNORECASE),
    "IT": re.compile(r"(?:P\.?\s?IVA|Partita IVA)\W{0,3}(\d{11})(?!\d)", re.IGNORECASE),
    "PL": re.compile(r"NIP\W{0,3}(\d{3}-?\d{3}-?\d{2}-?\d{2}|\d{3}-?\d{2}-?\d{2}-?\d{3})(?!\d)"),
    "ES": re.compile(r"(?:C\.?I\.?F|N\.?I\.?F)\W{0,3}([A-Z]-?\d{7}-?[A-Z0-9]|\d{8}-?[A-Z])(?!\w)"),
    "GB": re.compile(rf"\bVAT{BEHIND}(\d{{3}}\s?\d{{4}}\s?\d{{2}})(?!\s?\d)", re.IGNORECASE),
    "DK": re.compile(rf"\b(?:CVR|SE){BEHIND}(\d{{2}}\s?\d{{2}}\s?\d{{2}}\s?\d{{2}})(?!\d)", re.IGNORECASE),
    "FI": re.compile(r"Y-?tunnus\W{0,3}(\d{7}-\d)(?!\d)", re.IGNORECASE),
    "HU": re.compile(r"Adószáma?\W{0,3}(\d{8})-\d-\d{2}(?!\d)", re.IGNORECASE),
    "PT": re.compile(rf"\b(?:NIF|NIPC|Contribuinte){BEHIND}(\d{{3}}\s?\d{{3}}\s?\d{{3}})(?!\d)", re.IGNORECASE),
    "EL": re.compile(r"Α\.?Φ\.?Μ\W{0,3}(\d{9})(?!\d)"),
    "BE": re.compile(rf"\b(?:BTW|TVA){BEHIND}([01]\d{{3}}\.?\d{{3}}\.?\d{{3}})(?!\d)", re.IGNORECASE),
    "HR": re.compile(r"\bOIB\W{0,3}(\d{11})(?!\d)"),
    "SI": re.compile(r"ID(?:\sza)?\sDDV\W{0,3}(\d{8})(?!\d)", re.IGNORECASE),
}
TAX_LABELS = one_of(
    "tax id|tax number|tax no|tax identification number|tin|ein|fein|employer id|abn|gstin|gst no|gst number|company no"
    "|steuernummer|steuernr|st nr|stnr|steuer nr|siret|siren|n siret|ico|еик|еик/егн|булстат|идентификационен номер"
    "|nif|cif|codice fiscale|cod fisc|cf|nip|kvk|kvk nummer|rfc|cnpj|hrb|org nr|orgnr|organisationsnummer|cvr|cvr nr"
    "|y tunnus|adoszam|company code|reg com|dic|cui"
)
TAX_ID = re.compile(r"[A-Z0-9](?:[\s/.\-]?[A-Z0-9]){4,19}")
IBAN_START = re.compile(r"(?:(?<![A-Z0-9])|(?<=IBAN))([A-Z]{2}\s?\d{2})(?=[\s]?[A-Z0-9])")
# In Poland one writes it without the country's letters.
POLISH = re.compile(r"(?:kont[oa]|rachun(?:ek|ku)|bank)\D{0,24}?(\d{2}(?:\s?\d{4}){6})(?!\d)", re.IGNORECASE)
MISTAKEN = str.maketrans("OQDIBSZG", "00018526")
# An IBAN begins with country and check digits; what follows in each country has so many letters of a kind: 8!n10!n.
HEAD, PART = 4, re.compile(r"(\d+)!")
MOST_IDS = 60


class Id(NamedTuple):
    """An id on a page; `holds` tells whether its checksum does."""

    kind: str
    value: str
    holds: bool
    row: Row
    start: int
    end: int

    @property
    def tokens(self) -> Sequence[Token]:
        return self.row.span(self.start, self.end)

    @property
    def box(self) -> Box:
        return around(self.tokens)

    @property
    def confidence(self) -> float:
        return min(token.confidence for token in self.tokens)


def find(sheet: Sheet) -> list[Id]:
    """Return the ids on the pages; what is part of an IBAN is no VAT id."""
    found: list[Id] = []
    for row in sheet.rows:
        if len(found) > MOST_IDS:
            break
        in_row = list(_ibans(sheet, row))
        in_row += _apart(_vat_ids(row), in_row)
        in_row += _apart(_national_vat_ids(row), in_row)
        found += in_row + _apart(_tax_ids(row), in_row)
    return found


def _apart(ids: Iterator[Id], taken: Sequence[Id]) -> list[Id]:
    return [one for one in ids if not any(one.start < other.end and other.start < one.end for other in taken)]


def _ibans(sheet: Sheet, row: Row) -> Iterator[Id]:
    """Yield the IBANs that begin in a row; their last letters may stand at the beginning of the next one."""
    following = sheet.rows[row.number + 1] if row.number + 1 < len(sheet.rows) else None
    for found in IBAN_START.finditer(row.text):
        rest = row.text[found.start() :]
        more = " " + following.text if following and following.page is row.page else ""
        value, length, holds = _iban(rest, more)
        if value:
            yield Id(IBAN, value, holds, row, found.start(), found.start() + min(length, len(rest)))
    for found in POLISH.finditer(row.text):
        if iban_holds(value := "PL" + _compact(found[1])):
            yield Id(IBAN, value, True, row, found.start(1), found.end(1))


def _iban(text: str, more: str) -> tuple[str, int, bool]:
    """Return the IBAN with which a text begins, its length in the text, and whether its checksum holds."""
    letters, length = "", _length(text[:2])
    for at, letter in enumerate((text + more)[:60] if length else "", 1):
        if letter.isspace():
            continue
        if not (letter.isascii() and letter.isalnum()):
            break
        letters += letter.upper()
        if len(letters) == length:
            holds = iban_holds(letters)
            return (letters, at, holds) if holds or (at <= len(text) and _is_built_right(letters)) else ("", 0, False)
    return "", 0, False


@cache
def _length(country: str) -> int:
    """Return how many letters an IBAN of the country has, 0 if it has none."""
    [(_, known), *_] = numdb.get("iban").info(country)
    return HEAD + sum(map(int, PART.findall(known["bban"]))) if known else 0


def _is_built_right(letters: str) -> bool:
    """Return whether an IBAN of the country is built like this, whatever its checksum."""
    with suppress(ValidationError):
        # With the right check digits it is valid, if the country has such accounts.
        return ibans.is_valid(letters[:2] + ibans.calc_check_digits(letters) + letters[4:])
    return False


def _vat_ids(row: Row) -> Iterator[Id]:
    for found in PREFIX.finditer(row.text):
        country = found[1]
        body = BODY.match(row.text, found.end())
        for length in range(len(body[1]) if body else 0, 4, -1):
            value = country + _compact(body[1][:length]) if body else ""
            if not re.fullmatch(FORMATS[country], value[len(country) :]):
                continue
            end = body.start(1) + length if body else 0
            holds = checksum_holds(value)
            if row.text[end : end + 1].isalnum() or (
                not holds and country in NEEDS_LABEL and not _has_label(row, found.start())
            ):
                continue
            yield Id(VAT, value, holds, row, found.start(), end)
            break
        else:
            yield from _odd_vat_id(row, found.start())


def _national_vat_ids(row: Row) -> Iterator[Id]:
    """Yield VAT ids without their country's letters, whose labels say the country, and whose checksums hold."""
    for country, pattern in NATIONAL.items():
        for found in pattern.finditer(row.text):
            value = country + _compact(found[1]).upper()
            if checksum_holds(value):
                yield Id(VAT, value, True, row, found.start(1), found.end(1))


def _goes_on(rest: str) -> bool:
    """Return whether an id goes on with what follows it, which is no other word that is glued to it."""
    return rest[:1].isdigit() or (rest[:1].isalpha() and not re.match(r"[^\W\d_]{3}", rest))


def _odd_vat_id(row: Row, start: int) -> Iterator[Id]:
    """Yield what stands at a VAT id's label and begins like one, though its country has no such ids."""
    found = re.match(r"[A-Z]{2}[A-Z0-9]{7,13}(?![A-Za-z0-9])", row.text[start:])
    if found and sum(map(str.isdigit, found[0])) >= 7 and _has_label(row, start):
        value = _mended(found[0]) if row.page.origin == OCR else found[0]
        yield Id(VAT, value, checksum_holds(value), row, start, start + found.end())


def _mended(vat_id: str) -> str:
    """Return a VAT id of a picture with digits for the letters that they are taken for, if it is one then."""
    mended = vat_id[:2] + vat_id[2:].translate(MISTAKEN)
    return mended if re.fullmatch(FORMATS.get(vat_id[:2], "-"), mended[2:]) else vat_id


def _has_label(row: Row, start: int) -> bool:
    """Return whether a VAT id's label is close before an offset."""
    before = row.text[:start].rstrip(" .:#-")
    labels = [row.offset(found.end() - 1) + 1 for found in VAT_LABELS.finditer(row.squeezed)]
    return any(0 <= len(before) - end <= 3 for end in labels)


def _tax_ids(row: Row) -> Iterator[Id]:
    for found in TAX_LABELS.finditer(row.squeezed):
        start, end = row.offset(found.start()), row.offset(found.end() - 1) + 1
        if not (row.starts_word(start) and row.ends_word(end)):
            continue
        begin = len(row.text) - len(row.text[end:].lstrip(" .:#№°º-"))
        written = TAX_ID.match(row.text, begin)
        if written and begin - end <= 5 and sum(map(str.isdigit, written[0])) >= 6:
            last = _end_of_id(row, begin, written.end())
            yield Id(TAX, row.text[begin:last].strip(), False, row, begin, last)


def _end_of_id(row: Row, start: int, end: int) -> int:
    """Return the end of an id with spaces in it: where a word without a digit begins, or a column."""
    cell_end = row.cell_at(start).end
    words = re.finditer(r"\S+", row.text[start : min(end, cell_end)])
    last = start
    for word in words:
        if not any(map(str.isdigit, word[0])):
            break
        last = start + word.end()
    return max(last, start + 1)


def _compact(text: str) -> str:
    return re.sub(r"[\s.\-]", "", text)


def checksum_holds(vat_id: str) -> bool:
    """Return whether a VAT id is built as its country's are and its check digits are right."""
    country = next((prefix for prefix in FORMATS if vat_id.startswith(prefix)), "")
    code, kind = MODULES.get(country, (country.lower(), "vat"))
    module = get_cc_module(code, kind) if country else None
    number = vat_id if country in ("CHE", "EL") else vat_id[len(country) :]
    return bool(module and module.is_valid(number.removeprefix("EL")))


def iban_holds(iban: str) -> bool:
    """Return whether an IBAN is built as its country's are and its check digits are right."""
    return bool(ibans.is_valid(iban))
