"""Whose an id is, the supplier's or the customer's: by headings, by the words beside it, by where it stands."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from domain.bills.content import Box
from domain.bills.extraction.hints import MAX_REMEMBERED, Hints, KnownSupplier
from domain.bills.extraction.identifiers import IBAN, TAX, VAT, Id
from domain.bills.extraction.labels import one_of
from domain.bills.extraction.layout import Row, Sheet, once_a_row, squeeze

CUSTOMER, SUPPLIER = "customer", "supplier"
HEADINGS = {
    CUSTOMER: one_of(
        "bill to|billed to|invoice to|invoiced to|customer|client|buyer|sold to|ship to|shipped to|deliver to|recipient"
        "|delivery address|billing address|shipping address|customer details|bill to address|issued to|billing details"
        "|rechnungsempfanger|rechnung an|kaufer|kunde|empfanger|leistungsempfanger|lieferadresse|lieferanschrift"
        "|warenempfanger|rechnungsadresse|rechnungsanschrift|abweichender|auftraggeber|kundendaten|versandadresse"
        "|facture a|client|adresse de livraison|adresse de facturation|destinataire|livre a|acheteur|adresse"
        "|получател|клиент|купувач|възложител|cliente|facturar a|destinatario|comprador|datos del cliente"
        "|spett le|intestatario|cessionario|committente|klant|factuuradres|afleveradres|koper|afnemer"
        "|nabywca|odbiorca|kupujacy|platnik|zamawiajacy"
        "|odberatel|zakaznik|kupujici|prijemce|kupujuci|kund|kopare|faktureringsadress|fakturaadress|leveransadress"
        "|faktureras till|kober|faktureres til|leveringsadresse|asiakas|ostaja|laskutusosoite|toimitusosoite"
        "|πελατησ|στοιχεια πελατη|αγοραστησ|vevo|vasarlo|megrendelo|cumparator|beneficiar|exmo s senhor es"
        "|exmos senhores|adquirente|kupac|narucitelj|kupec|narocnik|pircejs|sanemejs|ostja|klient|pirkejas"
    ),
    SUPPLIER: one_of(
        "supplier|seller|vendor|sold by|receipt from|invoice from|bill from|verkauft von|rechnung von"
        "|venditore|venduto da|vendu par|vendido por|verkocht door|issued by|from|issuer"
        "|remit to|pay to|payee|supplier details|payment to"
        "|rechnungsersteller|rechnungssteller|verkaufer|lieferant|absender|leistungserbringer|aussteller|auftragnehmer"
        "|fournisseur|vendeur|emetteur|prestataire|доставчик|изпълнител|продавач|издател|proveedor|vendedor|emisor"
        "|datos del emisor|fornitore|cedente|prestatore|mittente|leverancier|verkoper|afzender|sprzedawca|wystawca"
        "|dostawca|dodavatel|prodavajici|predavajuci|leverantor|saljare|leverandor|saelger|selger|myyja|toimittaja"
        "|laskuttaja|προμηθευτησ|πωλητησ|εκδοτησ|elado|szallito|szolgaltato|kibocsato|furnizor|vanzator|prestator"
        "|fornecedor|prodavatelj|prodajalec|dobavitelj|izdajatelj|piegadatajs|pardevejs|muuja|pardavejas|tiekejas"
    ),
}
WORDS = {
    CUSTOMER: re.compile(
        r"client|kund|ihre|your|customer|klant|cliente|votre|vostra|nabywc|получател|acheteur|buyer|recipient|empfanger"
        r"|odberatel|zakazni|vasarlo|vevo|asiakkaan|cumparator|kupac|kupec|πελατη|pircej|klient|pirkej"
        r"|abbuch|eingezogen|lastschrift|directdebit|prelev|incasso|addebito|adeudo"
    ),
    SUPPLIER: re.compile(r"unsere|supplier|our\b|notre|verkaufer|lieferant|доставчик|sprzedawc|seller"),
}
# What only the one who issues a bill writes about itself.
IMPRINT = re.compile(
    r"iban|bic\b|swift|hrb|amtsgericht|registergericht|handelsreg|siret|rcs|geschaftsfuhr|www|http|info|@|bank|capital"
    r"|tel|tlf|puh|τηλ|fon|fax|phone|telefon|банк|мол|registered|kvk|ustid|steuer"
)
HEADING_ROWS, MARGIN, LONG_NAME = 14, 0.03, 6
# Between the middles of two rows, in heights of a row.
BLOCK_GAP, HEADING_GAP = 2.6, 4.0
NO_HEADING = re.compile(r"^(?:no|nr|nummer|number|id|n|num|ref|vat|tax|№|номер|reference|since|service)")
SURE, LIKELY, UNSURE = 0.97, 0.9, 0.75


class Heading(NamedTuple):
    """A heading of a party's block: what stands under it, up to the next heading beside it, is of that party."""

    party: str
    row: Row
    left: float
    right: float


class Choice(NamedTuple):
    """The supplier's id of a kind."""

    id: Id
    confidence: float
    reason: str


def headings(sheet: Sheet) -> list[Heading]:
    """Return the headings of parties, from top to bottom."""
    return [heading for row in sheet.rows for heading in _headings(row)]


@once_a_row
def _headings(row: Row) -> list[Heading]:
    found = []
    starts = [cell.box.left for cell in row.cells]
    for cell in row.cells:
        if party := party_of(cell.text.partition(":")[0]):
            right = min((left for left in starts if left > cell.box.left), default=1.0)
            found.append(Heading(party, row, cell.box.left, right))
    return found


def party_of(text: str) -> str | None:
    """Return whose block a heading begins, None if it is no heading: `Bill to`, not `Customer number`."""
    squeezed = squeeze(text)
    for party, pattern in HEADINGS.items():
        match = pattern.match(squeezed)
        if match and (match.end() == len(squeezed) or (text[:1].isupper() and _goes_on(text, match.end()))):
            return party
    return None


def _goes_on(text: str, letters: int) -> bool:
    """Return whether a heading's words end after so many letters, and one or two more follow: Käufer/Empfänger."""
    at = next((at for at in range(len(text) + 1) if len(squeeze(text[:at])) == letters), len(text))
    rest = text[at:]
    return not rest[:1].isalpha() and len(rest.split()) <= 2 and not NO_HEADING.search(squeeze(rest))


def heading_of(found: Sequence[Heading], sheet: Sheet, row: Row, box: Box) -> Heading | None:
    """Return the nearest heading over a place, or beside it on its left, of whose block it is.

    `found` are the headings from top to bottom, of which a page may have thousands.
    """
    rows = range(row.number - HEADING_ROWS, row.number + 1)
    first, last = (bisect_left(found, number, key=lambda one: one.row.number) for number in (rows.start, rows.stop))
    over = [
        heading
        for heading in found[first:last]
        if heading.row.page is row.page
        and heading.left - MARGIN <= box.left < heading.right
        and _is_one_block(sheet, heading, row)
    ]
    return max(over, key=lambda heading: (heading.row.number, heading.left), default=None)


def _is_one_block(sheet: Sheet, heading: Heading, row: Row) -> bool:
    """Return whether no empty space parts a row from the heading over it, in the heading's column."""
    middle, gaps = _middle(heading.row), 0
    for other in sheet.rows[heading.row.number + 1 : row.number + 1]:
        if any(heading.left - MARGIN <= cell.box.left < heading.right for cell in other.cells):
            gap = (_middle(other) - middle) * row.page.height / other.height
            # The heading itself may stand apart from its block.
            if gap > (BLOCK_GAP if gaps else HEADING_GAP):
                return False
            middle, gaps = _middle(other), gaps + 1
    return True


def _middle(row: Row) -> float:
    return (row.tokens[0].box.top + row.tokens[0].box.bottom) / 2


def known(sheet: Sheet, ids: Iterable[Id], hints: Hints) -> tuple[KnownSupplier, str] | None:
    """Return the supplier of an earlier bill whose id the page has, and of which kind it is.

    Where the page has another VAT id than that of the account's holder, the account alone says nothing; nor does an id
    of the customer, who may be a supplier elsewhere.
    """
    found = headings(sheet)
    others = (one for one in ids if not is_own(one.value, hints) and not _is_of_customer(sheet, one, found))
    on_page = {(one.kind, bare(one.value)) for one in others}
    vat_ids = {value for kind, value in on_page if kind == VAT}
    for kind in (VAT, TAX, IBAN):
        for supplier in hints.suppliers:
            values = {VAT: [supplier.vat_id], TAX: [supplier.tax_id], IBAN: supplier.ibans}[kind]
            contradicted = kind == IBAN and supplier.vat_id and vat_ids and bare(supplier.vat_id) not in vat_ids
            if not contradicted and any(value and _is_on(kind, value, on_page) for value in values):
                return supplier, kind
    return None


def is_in_customers_block(sheet: Sheet, found: Sequence[Heading], row: Row, box: Box) -> bool:
    """Return whether a place is in a block whose heading, one of those `found`, says that it is the customer's."""
    heading = heading_of(found, sheet, row, box)
    return heading is not None and heading.party == CUSTOMER


def _is_of_customer(sheet: Sheet, one: Id, found: Sequence[Heading]) -> bool:
    """Return whether words say that an id is the customer's: right before it, or over its block."""
    return bool(WORDS[CUSTOMER].search(_before(one))) or is_in_customers_block(sheet, found, one.row, one.box)


def _is_of(supplier: KnownSupplier | None, sheet: Sheet, one: Id, found: Sequence[Heading]) -> bool:
    """Return whether an id is one of the known supplier's, and nothing says that it is here as the customer's."""
    if supplier is None or _is_of_customer(sheet, one, found):
        return False
    return bare(one.value) in {bare(v) for v in (supplier.vat_id, supplier.tax_id, *supplier.ibans) if v}


def _before(one: Id) -> str:
    return squeeze(one.row.text[max(0, one.start - 40) : one.start])


def _is_on(kind: str, value: str, on_page: set[tuple[str, str]]) -> bool:
    """Return whether an id is on the page; what one calls a tax id, another calls a VAT id."""
    kinds = (kind,) if kind == IBAN else (VAT, TAX)
    return any((one, bare(value)) in on_page for one in kinds)


@lru_cache(MAX_REMEMBERED)
def bare(value: str) -> str:
    """Return an id without what is written between its letters, and in capitals."""
    return re.sub(r"[^\w]", "", value).upper()


def is_own(value: str, hints: Hints) -> bool:
    """Return whether an id is the organization's own; a VAT id may be written without its country."""
    own = {bare(one) for one in (*hints.own_ids, *hints.own_ibans)}
    return bare(value) in own or any(one[2:] == bare(value) for one in own if one[:2].isalpha())


def choose(sheet: Sheet, kind: str, ids: Sequence[Id], hints: Hints, supplier: KnownSupplier | None) -> Choice | None:
    """Return the id of a kind that is the supplier's, None if none is, or if it may as well be the customer's."""
    found = headings(sheet)
    of_kind = [one for one in ids if one.kind == kind]
    best: dict[str, tuple[float, Id]] = {}
    for one in of_kind:
        score = _score(sheet, one, found, supplier)
        known_score = best.get(one.value, (-99.0, one))[0]
        best[one.value] = max(
            (score, one), (known_score + 0.5, best.get(one.value, (0, one))[1]), key=lambda pair: pair[0]
        )
    others = {value for value in best if is_own(value, hints)}
    ranked = sorted(
        ((score, one) for value, (score, one) in best.items() if value not in others), key=lambda pair: -pair[0]
    )
    # The one that is left beside the organization's own is the supplier's, wherever it stands.
    if not ranked or (ranked[0][0] < -1 and not (others and len(ranked) == 1)):
        return None
    score, one = ranked[0]
    rival = ranked[1][0] if len(ranked) > 1 else None
    if supplier and _is_of(supplier, sheet, one, found):
        return Choice(one, SURE, f"it is that of {supplier.name}, {supplier.seen}")
    return Choice(one, *_belief(one, score, rival, bool(others)))


def _belief(one: Id, score: float, rival: float | None, own_is_there: bool) -> tuple[float, str]:
    stands_out = score > -1 and (rival is None or score - rival >= 3)
    told = own_is_there or score >= 4
    if one.holds and stands_out and told:
        return SURE, "the checksum holds"
    if one.holds:
        return (LIKELY if stands_out else UNSURE), "the checksum holds, but it may be the customer's"
    reason = "it stands at words for it" if one.kind == TAX else "the checksum does not hold"
    return (UNSURE if stands_out else 0.5), reason


def _names_letterhead(sheet: Sheet, row: Row) -> bool:
    """Return whether a row repeats what stands first on the page, as a letter's foot does."""
    first = squeeze(sheet.rows[0].cells[0].text)
    return len(first) >= LONG_NAME and first in row.squeezed


def _score(sheet: Sheet, one: Id, found: Sequence[Heading], supplier: KnownSupplier | None) -> float:
    """Return how much speaks for an id being the supplier's."""
    heading = heading_of(found, sheet, one.row, one.box)
    before = _before(one)
    around = " ".join(row.squeezed for row in sheet.rows[max(0, one.row.number - 1) : one.row.number + 2])
    score = 2.0 * one.holds - one.row.number / 1000
    score += 10 * _is_of(supplier, sheet, one, found)
    if heading:
        score += 4 if heading.party == SUPPLIER else -5 if one.kind != IBAN else -2
    score += 3 * bool(WORDS[SUPPLIER].search(before)) - 5 * bool(WORDS[CUSTOMER].search(before))
    score += 3 * (one.row.number > 0 and _names_letterhead(sheet, one.row))
    score -= 1.5 * ("kundenn" in around or "customerno" in around)
    return score + min(2, 0.7 * len(set(IMPRINT.findall(around)))) + (one.box.top > 0.8) + 0.5 * (one.box.top < 0.2)
