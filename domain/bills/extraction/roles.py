"""What an amount is by the words at it: net, tax, total, what is due, what is paid, or something else."""

import re
from functools import cache, lru_cache

from domain.bills.extraction.layout import plain, squeeze

NET, TAX, TOTAL, DUE, PAID, OTHER = "net", "tax", "total", "due", "paid", "other"
# A tax on the supplier's income that the customer keeps back: no part of the total.
WITHHELD = "withheld"
GROSS = "gross"
# How telling the words are.
CLEAR, LIKELY, VAGUE = 3, 2, 1
WORD = re.compile(r"[^\W\d_]+")
# Glued words in a picture: TotalHT, NetAmount.
HUMP = re.compile(r"(?<=[^\W\d_a-zß-ÿ])(?=[A-ZÀ-Þ][a-z])|(?<=[a-zß-ÿа-я])(?=[A-ZÀ-ÞА-Я])")

# T.V.A. is one word.
DOTTED = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]\.){2,}")

# Whole words, and parts of compounds in plain letters.
WHOLE = {
    NET: """net netto nett neto ht excl exkl ekskl exclusive excluding ohne before imponibile imponible sans hors без
        bez base ex eks subtotal untaxed avant zaklad osnova osnovica uten veroton ilman iliquido sem fara brez
        χωρισ καθαρη καθαρο υποσυνολο""",
    GROSS: "gross ttc incl inkl inklusive including inclusive brutto compris ivato mit tvac vcetne verollinen sis koos",
    TAX: """tax taxes taxe vat mwst ust tva iva btw ддс gst pst hst qst ptu moms dph mva igic ipsi iptv sgst cgst
        igst alv afa φπα pdv ddv pvn pvm kaibemaks cuota
        dan imposto imposta impuesto arvonlisavero""",
    TOTAL: """total totale totaal totals totaux tot summe gesamt suma somme razem ogolem общо всичко сума итого стойност
        amount montant importe importo betrag bedrag kwota beitrag celkem celkom spolu summa totalt belopp belob
        yhteensa συνολο osszesen ukupno sveukupno skupaj znesek kopa kokku castka συνολικη συνολικο
        valor valoare""",
    DUE: """due payable owing offen offener solde pagar pagare betalen zaplaty плащане balance outstanding zahlen
        percibir tilbetaling maksettava maksettavaa πληρωτεο fizetendo zaplatiti placilo apmaksai samaksai tasuda
        tasumisele""",
    PAID: """paid bezahlt prepaid acompte acomptes deposit gezahlt received erhaltene erhalten versato платено card cash
        bar change visa mastercard tendered regle karte ec voldaan zaplacono reglement virement anticipo
        zaloha uhrazeno zaplaceno betalt forskott maksettu ennakko eloleg avans achitat adiantamento predujam
        προκαταβολη""",
    OTHER: """discount discounts rabatt shipping versand porto remise frais sconto korting rounding rundung skonto
        freight отстъпка descuento handling fracht escompte verpackung gutschein tip deposito reminder savings
        sleva doprava dopravne postovne zaokrouhleni zlava zaokruhlenie rabat frakt fragt avrundning afrunding gebyr
        alennus toimituskulut pyoristys rahti εκπτωση μεταφορικα στρογγυλοποιηση kedvezmeny kerekites reducere desconto
        arredondamento popust dostava postnina arrotondamento spedizione bollo portes redondeo recargo arrondi
        verzendkosten afronding statiegeld wysylka przesylka zaokraglenie""",
    WITHHELD: "irpf retencion ritenuta retencao withholding withheld κρατηση",
}
PARTS = {
    NET: """netto subtotal subtotaal zwischensumme zwischentotal soustotal positionssumme warenwert данъчнаоснова
        междиннасума taxable taxbase horstaxe baseimponible sumanetto totalht htva adoalap kmta
        bepvm""",
    GROSS: """brutto ivainclusa ivaincluida сддс totalttc inclusief toutestaxes sdph μεφπα cutva comiva coniva spdv zddv
        arpvn""",
    TAX: "steuer podatek salestax omzetbelasting mehrwert taxamount",
    TOTAL: """gesamtbetrag gesamtsumme gesamtpreis rechnungsbetrag rechnungsbeitrag rechnungssumme endbetrag endsumme
        totalbetrag grandtotal totaalbedrag factuurbedrag invoicetotal totalinvoice totalfactura totalefattura
        totaledocumento totalamount amounttotal обща betragin loppusumma vegosszeg""",
    DUE: """zahlbetrag restbetrag schlussbetrag zuzahlen zuzahlend zubezahlen amountdue totaldue duepayable apayer
        dazahlen tobepaid сумазаплащане dozaplaty doplaty kuhrade kzaplaceni attbetala atbetale abetale deplata
        zaplacilo""",
    PAID: """anzahlung vorauszahlung abschlagszahlung teilzahlung bereitsbezahlt dejaregle amountpaid vorkasse
        forudbetal predplacilo""",
    OTHER: """zuschlag abschlag versandkosten einsparung rabatt nachlass voucher surcharge pfand oresavrundning
        oresutj oreavrunding""",
}
# They may be glued in between.
BETWEEN = """a at of the for in on der die das de du des la le den von zu auf this bill invoice rechnung charges charge
    credit facture factura fattura factuur period"""
THEREOF = ("enthalten", "dont", "thereof", "davon", "darin", "included", "ofwhich", "waarvan", "includes")
# They have "net" or "paid" in them and mean what is due.
PLAINLY_DUE = ("netapayer", "nettoapagare", "netoapagar", "tobepaid", "zubezahlen", "amountpayable", "netpayable")
FULL = (
    "grandtotal", "rechnungsbetrag", "gesamtbetrag", "endbetrag", "invoicetotal", "rechnungssumme", "gesamtsumme",
    "totalamount", "endsumme", "totalefattura", "totaledocumento", "totalfactura", "totaalbedrag", "factuurbedrag",
)  # fmt: skip


@lru_cache(maxsize=4096)
def of(text: str) -> tuple[str, int] | None:
    """Return the role that words give to an amount and how clearly, None if they give none."""
    if not WORD.search(text):
        return None
    words, squeezed = set(_words(text)), squeeze(text)
    if any(part in squeezed for part in PLAINLY_DUE):
        return DUE, CLEAR
    has = {role for role in WHOLE if words & _whole(role) or any(part in squeezed for part in _parts(role))}
    if beside := next((role for role in (WITHHELD, OTHER, PAID) if role in has), None):
        return beside, LIKELY
    return _of_sums(has, squeezed)


def _of_sums(has: set[str], squeezed: str) -> tuple[str, int] | None:
    if TAX in has:
        if any(part in squeezed for part in THEREOF) or (GROSS in has and not has & {TOTAL, DUE}):
            return TAX, LIKELY
        return (TOTAL, CLEAR) if GROSS in has else (NET, CLEAR) if NET in has else (TAX, CLEAR)
    if GROSS in has:
        return TOTAL, CLEAR
    if NET in has:
        return NET, LIKELY if any(part in squeezed for part in ("sub", "zwischen", "sous", "position")) else CLEAR
    if DUE in has:
        return DUE, LIKELY
    if TOTAL in has:
        return TOTAL, CLEAR if any(part in squeezed for part in FULL) else LIKELY
    return None


def has_tax_word(text: str) -> bool:
    """Return whether words speak of a tax on sales."""
    return bool(set(_words(text)) & _whole(TAX)) or any(part in squeeze(text) for part in _parts(TAX))


def is_net(text: str) -> bool:
    """Return whether words say that an amount is before taxes."""
    found = of(text)
    return found is not None and found[0] == NET


def _words(text: str) -> list[str]:
    """Return the words of a text in plain letters; those in small pieces are put together by `squeeze` elsewhere."""
    text = DOTTED.sub(lambda found: found[0].replace(".", ""), text)
    parts = [plain(part) for word in WORD.findall(text) for part in (word, *HUMP.split(word))]
    return parts + [piece for part in parts for piece in _segments(part)]


@lru_cache(maxsize=4096)
def _segments(word: str) -> tuple[str, ...]:
    """Return the words of which a glued one is made, nothing if it is not made of known ones: totalbeforevat."""
    for end in range(len(word) - 2, 1, -1):
        if word[:end] in _known():
            rest = word[end:]
            if rest in _known() or _segments(rest):
                return word[:end], *(_segments(rest) or (rest,))
    return ()


@cache
def _known() -> frozenset[str]:
    return frozenset().union(*map(_whole, WHOLE)) | set(BETWEEN.split())


@cache
def _whole(role: str) -> frozenset[str]:
    return frozenset(map(plain, WHOLE[role].split()))


@cache
def _parts(role: str) -> tuple[str, ...]:
    return tuple(map(squeeze, PARTS.get(role, "").split()))
