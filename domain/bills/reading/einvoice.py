"""Reads an e-invoice: CII (ZUGFeRD, Factur-X, XRechnung) and UBL (Peppol, XRechnung), whatever its version and profile.

This runs in the jail, on the bytes of strangers: it knows lxml and the standard library, and nothing of ours but words.
Elements are found by their local names, so that a wrong namespace or a violated schema hides nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from domain.bills.content import FIELDS

Element = Any
Fields = dict[str, Any]

NO_XML = "the XML cannot be read"
NO_EINVOICE = "the XML is no e-invoice: neither CII (ZUGFeRD, Factur-X, XRechnung) nor UBL (Peppol)"
DOCTYPE = "the XML has a DOCTYPE, which no e-invoice has"
CII_ROOTS = {"CrossIndustryInvoice", "CrossIndustryDocument"}
UBL_ROOTS = {"Invoice", "CreditNote"}
# Peppol's access points send an invoice in it.
ENVELOPE = "StandardBusinessDocument"
# UNTDID 1001. Those that correct (384) or are issued by the buyer (389) say with their signs what is owed.
CREDIT_NOTES = {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"}
LONGEST_TEXT, LONGEST_DESCRIPTION, MOST_LINES, MOST_TAXES = 200, 1000, 10_000, 100
NUMBER = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", re.ASCII)
DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)", re.ASCII)
DECLARATION = re.compile(rb"<\?xml[^>]{0,200}\?>")
SPACE_BEFORE_XML = b"\xef\xbb\xbf \t\r\n\0"


def parse(xml: bytes) -> Mapping[str, Any]:
    """Return all FIELDS of the e-invoice, None for what it does not say; raise ValueError with words for a person.

    An amount is what the organization owes: those of a credit note are negative, whichever sign its writer chose.
    """
    root = _root(xml)
    read = _cii(root) if _name(root) in CII_ROOTS else _ubl(root)
    if not read["invoice_number"] and not read["total"]:
        raise ValueError(NO_EINVOICE)
    _complete(read)
    if read["kind"] in CREDIT_NOTES and _decimal(read["total"]) > 0:
        _turn(read)
    return {field: read[field] for field in FIELDS}


def _root(xml: bytes) -> Element:
    text = xml.lstrip(SPACE_BEFORE_XML).rstrip(b"\0 \t\r\n")
    if xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = xml
    try:
        root = _tree(text)
    except etree.XMLSyntaxError as error:
        root = _tree_of_its_letters(text, error)
    if root.getroottree().docinfo.doctype:
        raise ValueError(DOCTYPE)
    if _name(root) == ENVELOPE:
        root = next((child for child in root if _name(child) in UBL_ROOTS), root)
    if _name(root) not in CII_ROOTS | UBL_ROOTS or not len(root):
        raise ValueError(NO_EINVOICE)
    return root


def _tree_of_its_letters(text: bytes, trouble: etree.XMLSyntaxError) -> Element:
    """Return the tree of XML whose first line is broken, or names an encoding that it does not have."""
    body = DECLARATION.sub(b"", text, count=1)
    try:
        return _tree(_utf8(body), "utf-8")
    except etree.XMLSyntaxError:
        raise ValueError(f"{NO_XML}: {trouble.msg}"[:LONGEST_TEXT]) from None


def _utf8(text: bytes) -> bytes:
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace").encode()
    return text


def _tree(text: bytes, encoding: str | None = None) -> Element:
    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(text, parser)


def _cii(root: Element) -> Fields:
    document = "HeaderExchangedDocument|ExchangedDocument"
    deal = "SpecifiedSupplyChainTradeTransaction|SupplyChainTradeTransaction"
    seller = f"{deal}/ApplicableSupplyChainTradeAgreement|ApplicableHeaderTradeAgreement/SellerTradeParty"
    settlement = f"{deal}/ApplicableSupplyChainTradeSettlement|ApplicableHeaderTradeSettlement"
    sums = f"{settlement}/SpecifiedTradeSettlementMonetarySummation|SpecifiedTradeSettlementHeaderMonetarySummation"
    currency = _text(root, f"{settlement}/InvoiceCurrencyCode")
    registered = _all(root, f"{seller}/SpecifiedTaxRegistration/ID")
    return {
        "kind": _text(root, f"{document}/TypeCode"),
        "supplier_name": _text(root, f"{seller}/Name")
        or _text(root, f"{seller}/SpecifiedLegalOrganization/TradingBusinessName"),
        "supplier_vat_id": _id(one for one in registered if one.get("schemeID") != "FC"),
        "supplier_tax_id": _said(one for one in registered if one.get("schemeID") == "FC"),
        "iban": _iban(
            root,
            f"{settlement}/SpecifiedTradeSettlementPaymentMeans/PayeePartyCreditorFinancialAccount/IBANID|ProprietaryID",
        ),
        "invoice_number": _text(root, f"{document}/ID"),
        "issue_date": _date(root, f"{document}/IssueDateTime/DateTimeString|DateTime"),
        "due_date": _last_date(
            _date(terms, "DueDateDateTime/DateTimeString|DateTime")
            for terms in _all(root, f"{settlement}/SpecifiedTradePaymentTerms")
        ),
        "currency_code": currency,
        "subtotal": _amount(root, f"{sums}/TaxBasisTotalAmount", currency),
        "tax_total": _amount(root, f"{sums}/TaxTotalAmount", currency),
        "total": _amount(root, f"{sums}/GrandTotalAmount", currency),
        "taxes": [
            _tax(tax, "ApplicablePercent|RateApplicablePercent", "BasisAmount", "CalculatedAmount")
            for tax in _all(root, f"{settlement}/ApplicableTradeTax")[:MOST_TAXES]
        ],
        "lines": _lines(_all(root, f"{deal}/IncludedSupplyChainTradeLineItem"), CII_LINE),
    }


def _ubl(root: Element) -> Fields:
    party = "AccountingSupplierParty/Party"
    sums, taxes = "LegalMonetaryTotal", "TaxTotal/TaxSubtotal"
    currency = _text(root, "DocumentCurrencyCode")
    schemes = _all(root, f"{party}/PartyTaxScheme")
    vat = [one for one in schemes if (_text(one, "TaxScheme/ID") or "VAT").upper() == "VAT"]
    of_total = [one for one in _all(root, "TaxTotal") if _in_currency(_all(one, "TaxAmount"), currency)]
    return {
        "kind": "381" if _name(root) == "CreditNote" else _text(root, "InvoiceTypeCode"),
        "supplier_name": _text(root, f"{party}/PartyLegalEntity/RegistrationName")
        or _text(root, f"{party}/PartyName/Name"),
        "supplier_vat_id": _id(one for scheme in vat for one in _all(scheme, "CompanyID")),
        "supplier_tax_id": _said(one for scheme in schemes if scheme not in vat for one in _all(scheme, "CompanyID")),
        "iban": _iban(root, "PaymentMeans/PayeeFinancialAccount/ID"),
        "invoice_number": _text(root, "ID"),
        "issue_date": _date(root, "IssueDate"),
        "due_date": _date(root, "DueDate") or _date(root, "PaymentMeans/PaymentDueDate"),
        "currency_code": currency,
        "subtotal": _amount(root, f"{sums}/TaxExclusiveAmount", currency),
        "tax_total": _amount(root, "TaxTotal/TaxAmount", currency),
        "total": _amount(root, f"{sums}/TaxInclusiveAmount", currency),
        "taxes": [
            _tax(tax, "TaxCategory/Percent", "TaxableAmount", "TaxAmount")
            for tax in (_all(of_total[0], "TaxSubtotal") if of_total else _all(root, taxes))[:MOST_TAXES]
        ],
        "lines": _lines(_all(root, "InvoiceLine|CreditNoteLine"), UBL_LINE),
    }


PRICE = "SpecifiedSupplyChainTradeAgreement|SpecifiedLineTradeAgreement/NetPriceProductTradePrice"
SETTLED = "SpecifiedSupplyChainTradeSettlement|SpecifiedLineTradeSettlement"
LINE_SUMS = "SpecifiedTradeSettlementMonetarySummation|SpecifiedTradeSettlementLineMonetarySummation"
CII_LINE = {
    "description": "SpecifiedTradeProduct/Name",
    "quantity": "SpecifiedSupplyChainTradeDelivery|SpecifiedLineTradeDelivery/BilledQuantity",
    "unit_price": f"{PRICE}/ChargeAmount",
    "price_of": f"{PRICE}/BasisQuantity",
    "tax_rate": f"{SETTLED}/ApplicableTradeTax/ApplicablePercent|RateApplicablePercent",
    "total": f"{SETTLED}/{LINE_SUMS}/LineTotalAmount",
}
UBL_LINE = {
    "description": "Item/Name",
    "quantity": "InvoicedQuantity|CreditedQuantity",
    "unit_price": "Price/PriceAmount",
    "price_of": "Price/BaseQuantity",
    "tax_rate": "Item/ClassifiedTaxCategory/Percent",
    "total": "LineExtensionAmount",
}


def _lines(elements: list[Element], paths: Mapping[str, str]) -> list[Fields]:
    """Return the lines that cost something; the others are remarks."""
    read = (_line(element, paths) for element in elements[:MOST_LINES])
    return [line for line in read if line["total"] is not None]


def _line(element: Element, paths: Mapping[str, str]) -> Fields:
    numbers = {name: _amount(element, paths[name]) for name in ("quantity", "unit_price", "price_of", "total")}
    return {
        "description": _text(element, paths["description"], LONGEST_DESCRIPTION),
        "quantity": numbers["quantity"],
        "unit_price": _unit_price(**numbers),
        "tax_rate": _rate(element, paths["tax_rate"]),
        "total": numbers["total"],
    }


def _unit_price(quantity: str | None, unit_price: str | None, price_of: str | None, total: str | None) -> str | None:
    """Return the price of one; that of many is divided only if the line's total agrees."""
    price, many, count, whole = map(_decimal, (unit_price, price_of, quantity, total))
    if not price or many in (0, 1) or abs(price * count - whole) < abs(price * count / many - whole):
        return unit_price
    return _plain(round(price / many, 6).normalize())


def _tax(element: Element, rate: str, base: str, tax: str) -> Fields:
    return {"rate": _rate(element, rate), "base": _amount(element, base), "tax": _amount(element, tax)}


def _complete(read: Fields) -> None:
    """Work out the one of the three sums that is not said."""
    total, tax, subtotal = (read[field] for field in ("total", "tax_total", "subtotal"))
    if total and tax and not subtotal:
        read["subtotal"] = _plain(_decimal(total) - _decimal(tax))
    elif total and subtotal and not tax:
        read["tax_total"] = _plain(_decimal(total) - _decimal(subtotal))


def _turn(read: Fields) -> None:
    """Turn the sign of each amount and quantity; prices keep theirs."""
    turned = {"taxes": ("base", "tax"), "lines": ("quantity", "total")}
    _turn_row(read, ("subtotal", "tax_total", "total"))
    for field, names in turned.items():
        for row in read[field]:
            _turn_row(row, names)


def _turn_row(row: Fields, names: tuple[str, ...]) -> None:
    row.update({name: _plain(-_decimal(row[name])) for name in names if row[name] is not None})


def _all(node: Element, path: str) -> list[Element]:
    """Return the elements at a path of local names, each of them one or several with | between."""
    nodes = [node]
    for step in path.split("/"):
        names = step.split("|")
        nodes = [child for parent in nodes for child in parent if _name(child) in names]
    return nodes


def _name(element: Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _content(elements: Iterable[Element], longest: int = LONGEST_TEXT) -> Iterator[str]:
    """Yield what one can see of each element's text: what turns its letters round, or is no letter, would deceive."""
    for element in elements:
        seen = "".join(one for one in element.text or "" if one.isprintable() or one.isspace())
        if text := " ".join(seen.split()):
            yield text[:longest]


def _said(elements: Iterable[Element]) -> str | None:
    return next(_content(elements), None)


def _text(node: Element, path: str, longest: int = LONGEST_TEXT) -> str | None:
    return next(_content(_all(node, path), longest), None)


def _id(elements: Iterable[Element]) -> str | None:
    """Return a VAT id without what is written between its letters."""
    said = _said(elements)
    return re.sub(r"[\s.\-/]", "", said).upper() if said else None


def _iban(node: Element, path: str) -> str | None:
    written = (text.replace(" ", "").upper() for text in _content(_all(node, path)))
    return next((text for text in written if IBAN.fullmatch(text)), None)


def _date(node: Element, path: str) -> str | None:
    for text in _content(_all(node, path)):
        if found := DATE.match(text):
            with suppress(ValueError):
                return date(*map(int, found.groups())).isoformat()
    return None


def _last_date(dates: Iterable[str | None]) -> str | None:
    """Return the last: those before it are for payers who are fast."""
    return max(filter(None, dates), default=None)


def _amount(node: Element, path: str, currency: str | None = None) -> str | None:
    found = _all(node, path)
    texts = _content(_in_currency(found, currency) or found)
    return next((_plain(Decimal(text)) for text in texts if NUMBER.fullmatch(text)), None)


def _in_currency(elements: list[Element], currency: str | None) -> list[Element]:
    """Return what is in the invoice's currency: the tax may be told once more in that of the tax office."""
    return [element for element in elements if element.get("currencyID", currency) == currency]


def _rate(node: Element, path: str) -> str | None:
    """Return a rate as a fraction: it is written in percent."""
    percent = _amount(node, path)
    return None if percent is None else _plain((_decimal(percent) / 100).normalize())


def _decimal(text: str | None) -> Decimal:
    return Decimal(text or 0)


def _plain(number: Decimal) -> str:
    return format(number + 0 if number else abs(number), "f")
