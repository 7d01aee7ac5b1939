"""The words that stand at a field, in the languages that bills come in, and where a row has them.

Phrases are compared in plain letters without spaces and punctuation, so that `I N V O I C E`, `Invoice-No.:` and what a
picture glues together are found. An asterisk stands for further letters of the word before it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from domain.bills.extraction.layout import Row, once_a_row, squeeze

NUMBER, ISSUE, DUE, OTHER_DATE = "number", "issue", "due", "other date"
STRONG, FAIR, WEAK = 3, 2, 1

# Longer ones before those with which they begin.
NOUNS = (
    r"(?:(?:tax|vat|sales|commercial|customer|credit)?(?:invoices?|inv|bill|receipt|voucher)"
    r"|credit(?:note|memo)|debitnote"
    r"|rechnungskorrektur|rechnungs?|(?:gutschrift|beleg|storno|korrektur|kredit)?fakturas?|honorarnoten?"
    r"|(?:gutschrift|beleg|storno|korrektur)s?|fakturen"
    r"|facturedavoir|factures?|avoir|factuur|creditnota|creditfactuur|kreditnota|notadecredito|notadicredito|recibo"
    r"|facturas?|abono|fattura|fatturaelettronica|faktura(?:vat|danovydoklad)|fakturyvat|faktury?|rachun(?:ek|ku)"
    r"|(?:opravny)?danovydoklad|danovehodokladu|dokladu?|dobropisu?|fatura(?:simplificada|recibo)?|notafiscal"
    r"|factur(?:afiscala|iifiscale|ii)|(?:hyvitys)?laskun?|szamla|bizonylat|racuna?|rekin[as]|arved?|saskait(?:afaktura|osfakturos)"
    r"|τιμολογι(?:ουπωλησησ|οπωλησησ|οπαροχησυπηρεσιων|ου|ο)|παραστατικου"
    r"|(?:данъчна)?фактурат?а?|(?:кредитно|дебитно)известие|document[oe]?|dokument[au]?|doc|документ|rgs?|re|fa)"
)
WORDS = (
    r"(?:nummer|numero|numeru|numerul|numar(?:ul)?|numer|numbers?|num|nro|nbr|nr|no|cislo|broj|stevilka|sorszama?|szama?"
    r"|αριθμοσ|αρ|νο|номер|№|#|ref|id|br|st|c)"
)
OF = r"(?:of the|of|vat|della|dell|dela|der|de|du|da|do|di|van de|van|na|на|la|fa|d|\d{3})?".replace(" ", "")
NUMBERS = "nummer|numero|numer|numar(?:ul)?|numbers?|num|nr|no|n|ref|cislo|broj|stevilka|αριθμοσ|αρ|номер|№"
NUMBER_LABELS = (
    (STRONG, rf"{NOUNS}{OF}{WORDS}"),
    (STRONG, rf"(?:{NUMBERS}){OF}{NOUNS}"),
    (STRONG, r"(?:facture|avoir|factura|fattura|fatturaelettronica|notadicredito|notadecredito|fatura|factuur)n"),
    (FAIR, r"rechnung(?:zu[a-z]{0,40})nr"),
    (STRONG, rf"{NOUNS}{OF}{WORDS}(?:and|&|und|et|y|e|a|i)?(?:date|datum|fecha|data)"),
    (FAIR, r"folio(?:no|nr|number)?|номер|№|belegnr|vorgangsnummer|sorszam"),
    (WEAK, r"ourref(?:erence)?|unserzeichen|variabilnisymbol"),
)  # fmt: skip
# Alone they say which number is meant only under the document's name.
BARE = rf"(?:{WORDS}|n)+"
TITLES = rf"{NOUNS}|kassenbon|quittung|ticket|parcella|bolletta"
# Before a number or date of another document.
FOREIGN = (
    r"(?:original|originale|ursprung\w*|ursprungliche|zu|zur|bezug|bezugnehmend|gem|gemass|related|liee|origine|refers?to"
    r"|storniert\w*|korrigiert\w*|previous|von|bis|sur|do|ke?|til|till|avser|vedr)"
)

ISSUE_LABELS = {
    STRONG: """
        invoice date|date of invoice|invoice issue date|issue date|date of issue|date issued|issued on|issued at|issued
        |date tax point|date and tax point|invoice date tax point|billing date|bill date|invoiced on
        |invoice dated|document date|date of document|receipt date|tax invoice date
        |rechnungsdatum|rechnungs datum|belegdatum|ausstellungsdatum|fakturadatum|datum der rechnung|rechnung vom
        |gutschriftsdatum|gutschriftdatum|re datum|rg datum|datum der ausstellung|rechnungsdat
        |date de facturation|date de facture|date de la facture|date facture|date d emission|date emission|emise le
        |facture du|etablie le|date de l avoir|date d avoir
        |дата на издаване|дата на фактура|дата на фактурата|дата на фактуриране|издадена на|дата на документа
        |fecha de factura|fecha factura|fecha de emision|fecha emision|fecha de expedicion|fecha expedicion
        |data fattura|data della fattura|data documento|data emissione|data di emissione|data del documento
        |factuurdatum|datum factuur|factuur datum
        |data wystawienia|data faktury|data wystawienia faktury|wystawiono dnia|data sporzadzenia
        |data de emissao|data da fatura|data emissao|emitida em|emitido em
        |datum vystaveni|vystaveno|vystaveno dne|vystavena dne|datum vystavenia|vystavene
        |fakturadato|utfardad|utfardat|utfardandedatum|udstedt|udstedelsesdato
        |laskun paiva|laskun paivays|laskupaiva|laskun pvm|laskun paivamaara
        |ημερομηνια εκδοσης|ημνια εκδοσης|ημερομηνια τιμολογιου
        |kiallitas datuma|kiallitas kelte|szamla kelte|szamla datuma|kiallitva
        |data emiterii|data facturii|data facturarii|data emitere|emisa la
        |datum izdavanja|datum racuna|datum izdaje|rekina datums|arve kuupaev|saskaitos data|israsymo data""",
    FAIR: """date|dated|datum|dat|data|дата|fecha|date du document|le|dato|paivays|paivamaara|pvm|ημερομηνια|kelt|datums
        |kuupaev""",
}
DUE_LABELS = {
    STRONG: """
        due date|date due|payment due date|payment due|payment due by|due by|due on|pay by|payable by|payable until
        |please pay by|please remit until|please pay until|to be paid by|payment deadline|payment date
        |invoice due date
        |due|invoice due
        |fallig am|fallig bis|fallig|falligkeit|falligkeitsdatum|falligkeitstag|zahlbar bis|zahlbar bis zum|zahlbar am
        |zahlungsziel|zahlungsfrist|zu zahlen bis|zahlen bis|falligkeitstermin|netto bis|ohne abzug bis
        |date d echeance|echeance|date echeance|date limite de paiement|a regler avant le|a payer avant le|payable le
        |a regler pour le|payable avant le|date de paiement|a payer au plus tard le|regler avant le
        |падеж|краен срок|краен срок за плащане|срок за плащане|плащане до|платима до|дължима до|срок на плащане
        |по банков път до|до дата
        |fecha de cargo
        |fecha de vencimiento|fecha vencimiento|vencimiento|vence el|vence|pagar antes del|fecha limite de pago
        |data scadenza|data di scadenza|scadenza|scadenza pagamento|da pagare entro il|entro il
        |vervaldatum|vervaldag|te betalen voor|te betalen uiterlijk|uiterlijk|betalen voor|betaaldatum
        |uiterste betaaldatum
        |termin platnosci|termin zaplaty|platne do|do zaplaty do|platnosc do|data platnosci
        |data de vencimento|data vencimento|vencimento|data limite de pagamento|pagar ate|pagavel ate
        |pay until|payable before|zahlbar spatestens|fallig zum|date limite de reglement|reglement avant le|scadenze
        |termin|zaplata do|datum splatnosti|splatnost faktury|splatne do|splatno do|splatnost|splatno|splatne
        |splatno dne
        |forfallodatum|forfallodag|forfaller|betalas senast|att betala senast|oss tillhanda senast
        |forfaldsdato|forfaldsdag|forfalder|betalingsfrist|betales senest|vence em|senest rettidig betaling
        |sidste rettidige betalingsdato
        |sidste rettidige betalingsdag|sidste betalingsdag
        |forfallsdato|forfallsdag|forfall|erapaiva|erapvm|viimeinen maksupaiva
        |ημερομηνια ληξης|ληξη|προθεσμια πληρωμης|ημερομηνια πληρωμης|πληρωτεο εως
        |fizetesi hatarido|fizetesi hatarideje|hatarido|esedekesseg|esedekesseg datuma|esedekes|data scadentei
        |data scadenta|scadenta|scadent la
        |termen de plata|termen plata|datum dospijeca|dospijece|rok placanja|rok placila|datum zapadlosti|zapadlost
        |apmaksas termins|samaksas termins|apmaksat lidz|maksetahtaeg|tasuda hiljemalt|apmoketi iki|moketi iki""",
}
OTHER_DATE_LABELS = {
    STRONG: """
        date of supply|supply date|delivery date|date of delivery|service date|date of service|order date|ship date
        |shipping date|date shipped|print date|printed|tax point|tax point date|period|service period|billing period
        |from|to|start date|end date|statement date|order dated|transaction date|created on|valid until|delivered on
        |leistungsdatum|lieferdatum|liefer und leistungsdatum|liefer bzw leistungsdatum|leistungszeitraum|lieferung am
        |lieferzeitraum|bestelldatum|bestellung vom|bestellung|auftragsdatum|auftrag vom|druckdatum
        |abrechnungszeitraum
        |rechnungszeitraum|zeitraum|vom|stand|lieferschein|lieferscheindatum|tag der lieferung|datum der lieferung
        |leistung|lieferung|mandat|geburtsdatum|eintrittsdatum|vertragsbeginn|lieferscheinnr datum|nummer datum
        |date de livraison|livraison|date de commande|commande du|periode|date de prestation|date de la prestation
        |livre le|date d operation|date de valeur
        |дата на данъчното събитие|дата на данъчно събитие|данъчно събитие|дата на доставка|дата на възникване
        |fecha de entrega|fecha de pedido|fecha pedido|fecha de operacion|periodo|fecha de servicio
        |data consegna|data ordine|ddt del|data ddt|data operazione
        |leverdatum|besteldatum|orderdatum|leveringsdatum
        |data sprzedazy|data dostawy|data zamowienia|data wykonania uslugi|data dokonania dostawy
        |data zakonczenia dostawy|data zakonczenia
        |datum zdanitelneho plneni|duzp|datum uskutecneni zdanitelneho plneni|datum plneni|datum objednavky
        |datum dodani
        |datum dodania|datum dodania tovaru|ze dne|leveransdatum|leveringsdato|ordredato|toimituspaiva|toimituspvm
        |tilauspaiva|laskutusjakso|ημερομηνια παραδοσης|ημερομηνια παραγγελιας|teljesites datuma|teljesites kelte
        |teljesites|teljesites idopontja|data livrarii|data comenzii|perioada|data de entrega|data da encomenda
        |datum isporuke|datum dobave|datum storitve|datum opravljene storitve|erstzulassung|kaufdatum""",
}
# A discount for those who pay early has a date of its own.
EARLY = ("skonto", "discount", "escompte", "sconto", "korting", "отстъпка", "descuento", "rabat", "%")
ORDER_WORDS = (
    "bestellung", "lieferung", "auftrag", "lieferschein", "commande", "livraison", "order", "delivery", "pedido",
    "ordine", "bestelling", "zamowieni", "поръчка", "vertrag", "contract", "angebot", "quote",
)  # fmt: skip


BEHIND_MARK = re.compile(r"[:.#№°º]\s*[^\W\d_]+$")


class Label(NamedTuple):
    """A label in a row, from `start` to `end` of its text."""

    row: Row
    kind: str
    strength: int
    start: int
    end: int


@once_a_row
def find(row: Row) -> list[Label]:
    """Return the labels in a row; where several begin at one place the longest counts."""
    best: dict[int, Label] = {}
    for kind, strength, pattern in patterns():
        for label in matches(row, pattern, kind, strength):
            known = best.get(label.start)
            if known is None or (label.end, label.strength) > (known.end, known.strength):
                best[label.start] = label
    inner = {other for label in best.values() for other in best if label.start < other < label.end}
    return [label for start, label in sorted(best.items()) if start not in inner]


def matches(row: Row, pattern: re.Pattern[str], kind: str, strength: int) -> Iterator[Label]:
    """Yield where a row has a pattern of plain letters as whole words."""
    for found in pattern.finditer(row.squeezed):
        start = _start(row, row.offset(found.start()), found[0])
        end = _end(row, pattern, found)
        if end and row.starts_word(start) and not is_foreign(row, start):
            yield Label(row, kind, strength, start, end)


def _end(row: Row, pattern: re.Pattern[str], found: re.Match[str]) -> int:
    """Return where the last word of a match ends, 0 if it is in the middle of one.

    A match may have taken letters of the number: `Invoice No. S17` has "nos" in its plain letters.
    """
    start = row.offset(found.start())
    for last in range(found.end(), max(found.start(), found.end() - 3), -1):
        end = row.offset(last - 1) + 1
        is_whole = row.ends_word(end) and not _is_in_value(row, start, end)
        if is_whole and pattern.fullmatch(row.squeezed, found.start(), last):
            return end
    return 0


def _is_in_value(row: Row, start: int, end: int) -> bool:
    """Return whether the last letters of a label are behind a colon or point, and go on as a number does: `No: R17`."""
    following = row.text[end : end + 1]
    if not following or not (following.isdigit() or following in "-/_"):
        return False
    return bool(BEHIND_MARK.search(row.text[start:end]))


def _start(row: Row, start: int, found: str) -> int:
    """Return where the word begins that ends with a document's name: Handelsrechnung, Beitragsrechnung."""
    if not found.startswith("rechnung"):
        return start
    return start - next((back for back in range(start) if not row.text[start - back - 1].isalpha()), start)


def is_foreign(row: Row, start: int) -> bool:
    """Return whether the word before, in its cell, says that what follows is another document's."""
    before = row.text[row.cell_at(start).start : start].split()[-1:]
    return bool(before and re.fullmatch(FOREIGN, squeeze(before[0])))


@cache
def patterns() -> list[tuple[str, int, re.Pattern[str]]]:
    """Return what is looked for in each row."""
    phrases = ((ISSUE, ISSUE_LABELS), (DUE, DUE_LABELS), (OTHER_DATE, OTHER_DATE_LABELS))
    made = [(kind, strength, one_of(text)) for kind, texts in phrases for strength, text in texts.items()]
    return made + [(NUMBER, strength, re.compile(pattern)) for strength, pattern in NUMBER_LABELS]


@cache
def bare() -> re.Pattern[str]:
    """Return what means a number, and not of what."""
    return re.compile(BARE)


@cache
def words_for_number() -> re.Pattern[str]:
    """Return what is long enough to mean a number wherever it stands."""
    return re.compile("nummer|numero|number|numer|cislo|номер|αριθμοσ|sorszam")


@cache
def titles() -> re.Pattern[str]:
    """Return what names a document."""
    return re.compile(TITLES)


def one_of(phrases: str) -> re.Pattern[str]:
    """Return a pattern of phrases with | between them, the longest first."""
    return re.compile("|".join(map(re.escape, longest_first(phrases.split("|")))))


def longest_first(phrases: Iterable[str]) -> list[str]:
    return sorted(map(squeeze, phrases), key=len, reverse=True)
