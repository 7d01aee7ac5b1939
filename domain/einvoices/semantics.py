"""An invoice in the terms of EN 16931: what it keeps, by the numbers of business terms (BT) and groups (BG).

The shape is that of factur-x 7.8: amounts as text, dates as date, a group of one as a dict, of several as a list.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from domain import tax
from domain.einvoices.countries import country_code
from domain.errors import Invalid
from domain.invoices.ledger import decimal
from domain.money import unit_of
from domain.pricing import EXACT

Content = Mapping[str, Any]
# UNCL4461: a SEPA credit transfer, and any other one. UN/ECE 20: one piece.
SEPA_TRANSFER, TRANSFER = "58", "30"
ONE = "C62"
ADDRESS = ("name", "addr_l1", "addr_l2", "city", "postcode", "country_subdivision", "country_code")
# The CEF's code list of exemptions (VATEX). E has a code for each article of the directive, so it has its text alone.
EXEMPTION_CODES = {"AE": "VATEX-EU-AE", "K": "VATEX-EU-IC", "G": "VATEX-EU-G", "O": "VATEX-EU-O"}


class TaxedLine(NamedTuple):
    """What the breakdown of tax reads of a line."""

    tax_category: str | None
    tax_rate: Decimal
    line_subtotal: Decimal
    line_tax: Decimal
    exemption_reason: str | None


def terms(content: Content) -> dict[str, Any]:
    """Return the terms of an invoice's content, as the ledger has it; raise Invalid for a country that has no code."""
    parties = {name: _party(name, content[name]) for name in ("supplier", "client")}
    own = content["terms"] or {}
    total = _money(content["total"], content)
    return _set(
        {
            "BT-1": content["invoice_number"],
            "BT-2": date.fromisoformat(content["issue_date"]),
            "BT-3": str(content["document_type"]),
            "BT-5": content["currency_code"],
            "BT-9": _day(content["due_date"]),
            "BT-10": own.get("buyer_reference"),
            "BT-12": own.get("contract_number"),
            "BT-13": own.get("purchase_order_number"),
            "BT-20": own.get("payment_terms"),
            "BG-1": [{"BT-22": text} for text in (content["notes"], own.get("credit_reason")) if text],
            "BG-3": _credited(own),
            "BG-4": parties["supplier"],
            "BG-7": parties["client"],
            **_delivery(content, own, parties["client"]),
            **_payment(content, own),
            "BT-106": _money(content["subtotal"], content),
            "BT-109": _money(content["subtotal"], content),
            "BT-110": _money(content["tax_total"], content),
            "BT-112": total,
            "BT-115": total,
            "BG-23": [_group(group, content) for group in tax.breakdown(map(_taxed, content["items"]))],
            "BG-25": [_line(item, content) for item in content["items"]],
        }
    )


def _party(field: str, party: Mapping[str, str]) -> dict[str, Any]:
    code = country_code(party["country"])
    if code is None:
        told = "must be a country's ISO 3166-1 code or its name, for an e-invoice"
        raise Invalid.fields({f"{field}.country": [told]})
    contact = _set({"phone": party.get("phone"), "email": party.get("email")})
    return _set(
        {
            "name": party["name"],
            "vat_identifier": party.get("vat_id"),
            "tax_identifier": party.get("tax_id") if field == "supplier" else None,
            "identifiers": {None: party["tax_id"]} if "tax_id" in party else None,
            "addr_l1": party["address_line1"],
            "addr_l2": party.get("address_line2"),
            "city": party["city"],
            "postcode": party.get("postal_code"),
            "country_subdivision": party.get("region"),
            "country_code": code,
            "contacts": [{"name": party["name"]} | contact] if contact else None,
        }
    )


def _credited(own: Mapping[str, str]) -> list[dict[str, Any]]:
    if "credited_number" not in own:
        return []
    return [{"BT-25": own["credited_number"], "BT-26": date.fromisoformat(own["credited_date"])}]


def _delivery(content: Content, own: Mapping[str, Any], client: Mapping[str, Any]) -> dict[str, Any]:
    """Return when it was delivered, and where to, which an intra-Community supply has to say (BR-IC-12)."""
    period = own.get("delivery_period", {})
    goes_abroad = any(item.get("tax_category") == tax.INTRA_COMMUNITY for item in content["items"])
    return {
        "BT-72": _day(own.get("delivery_date")),
        "BT-73": _day(period.get("start")),
        "BT-74": _day(period.get("end")),
        "BG-13": {name: value for name, value in client.items() if name in ADDRESS} if goes_abroad else None,
    }


def _payment(content: Content, own: Mapping[str, str]) -> dict[str, Any]:
    if "iban" not in own:
        return {}
    return {
        "BT-81": SEPA_TRANSFER if content["currency_code"] == "EUR" else TRANSFER,
        "BT-83": own.get("payment_reference", content["invoice_number"]),
        "BT-84": own["iban"],
        "BT-85": content["supplier"]["name"],
        "BT-86": own.get("bic"),
    }


def _taxed(item: Mapping[str, Any]) -> TaxedLine:
    rate, subtotal, line_tax = (Decimal(item[name]) for name in ("tax_rate", "line_subtotal", "line_tax"))
    return TaxedLine(item.get("tax_category"), rate, subtotal, line_tax, item.get("exemption_reason"))


def _group(group: tax.Group, content: Content) -> dict[str, Any]:
    return _set(
        {
            "BT-116": _money(group.taxable_amount, content),
            "BT-117": _money(group.tax_amount, content),
            "BT-118": group.tax_category,
            "BT-119": _percent(group.tax_category, group.tax_rate),
            "BT-120": group.exemption_reason,
            "BT-121": EXEMPTION_CODES.get(group.tax_category),
        }
    )


def _line(item: Mapping[str, Any], content: Content) -> dict[str, Any]:
    line = _taxed(item)
    category = tax.category(line.tax_category, line.tax_rate)
    return _set(
        {
            "BT-126": str(item["line_number"]),
            "BT-129": item["quantity"],
            "BT-130": item.get("unit_code", ONE),
            "BT-131": _money(item["line_subtotal"], content),
            "BT-146": item["unit_price"],
            "BT-151": category,
            "BT-152": _percent(category, line.tax_rate),
            "BT-153": item["description"],
            "BT-155": item.get("item_id"),
            **_remainder(item, content),
        }
    )


def _remainder(item: Mapping[str, Any], content: Content) -> dict[str, list[dict[str, str]]]:
    """Return by how much the line is less than quantity times price, for its discount, or more, by rounding."""
    unit = unit_of(content["currency_code"])
    full = EXACT.quantize(EXACT.multiply(Decimal(item["quantity"]), Decimal(item["unit_price"])), unit)
    less = full - Decimal(item["line_subtotal"])
    if not less:
        return {}
    reason = "Discount" if Decimal(item["discount"]) else "Rounding"
    return {"BG-27" if less > 0 else "BG-28": [{"amount": _money(abs(less), content), "reason": reason}]}


def _percent(category: str, rate: Decimal) -> str | None:
    """Return the rate in percent; what is outside the scope of tax has none (BR-O-05)."""
    return None if category == tax.OUTSIDE else decimal(rate * 100)


def _money(amount: Decimal | str, content: Content) -> str:
    return str(Decimal(amount).quantize(unit_of(content["currency_code"])))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `values` that say something."""
    return {name: value for name, value in values.items() if value not in (None, [], {})}
