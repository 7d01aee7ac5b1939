"""What has to hold for a bill, and whether a person has to look at it."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.bills.content import PERSON, Found, Reading
from domain.bills.extraction import identifiers
from domain.bills.extraction.comparison import Check, compare
from domain.bills.extraction.hints import Hints, KnownSupplier
from domain.bills.extraction.layout import squeeze
from domain.bills.extraction.parties import bare, is_own
from domain.errors import Invalid
from domain.money import smallest_unit

# From this confidence on a value is certain: nobody has to look at it.
CERTAIN = 0.95
MANDATORY = ("supplier_name", "invoice_number", "issue_date", "currency_code", "total")
# What must be certain if it is there; a list is left out rather than asked about.
NEEDED = (*MANDATORY, "supplier_vat_id", "iban", "due_date", "subtotal", "tax_total")
AHEAD, OLDEST, LONGEST_TERM = timedelta(days=3), timedelta(days=5 * 366), timedelta(days=400)
# Each line or rate may have been rounded by itself.
ROUNDING = Decimal("0.02")

Values = Mapping[str, Any]


def check(fields: Mapping[str, Found], reading: Reading | None, hints: Hints, today: date) -> list[Check]:
    """Return every check that a bill's fields allow, each with whether it passed.

    With the `reading`, an e-invoice is also compared with its pages.
    """
    values = {field: found.value for field, found in fields.items() if found.value not in (None, "", [])}
    checks: list[Callable[[Values, Hints, date], Check | None]] = [
        _mandatory, _currency, _totals, _taxes, _lines, _dates, _vat_id, _iban, _not_own, _supplier,
    ]  # fmt: skip
    return [made for one in checks if (made := one(values, hints, today))] + (_about_pages(reading) if reading else [])


def unsure(fields: Mapping[str, Found]) -> list[str]:
    """Return the fields that a person has to look at: those that are missing, and those that nothing proves."""
    missing = [field for field in MANDATORY if field not in fields or fields[field].value in (None, "")]
    doubted = [field for field in NEEDED if field in fields and not is_certain(fields[field])]
    return list(dict.fromkeys([*missing, *doubted]))


def is_certain(found: Found) -> bool:
    """Return whether a value needs nobody's look: it is proved, or a person wrote it."""
    return found.origin == PERSON or found.confidence >= CERTAIN


def _about_pages(reading: Reading) -> list[Check]:
    if not reading.unread:
        return compare(reading)
    told = (f"page {', '.join(map(str, pages))} was not read: {reason}" for reason, pages in reading.unread.items())
    return [*compare(reading), Check("pages_read", False, "; ".join(told))]


def _mandatory(values: Values, hints: Hints, today: date) -> Check:
    missing = tuple(field for field in MANDATORY if field not in values)
    told = ", ".join(field.replace("_", " ") for field in missing)
    return Check(
        "mandatory", not missing, f"not found: {told}" if missing else "all that a bill needs is there", missing
    )


def _currency(values: Values, hints: Hints, today: date) -> Check | None:
    code = values.get("currency_code")
    if code is None:
        return None
    try:
        smallest_unit(code)
    except Invalid:
        return Check("currency", False, f"{code} is no currency of today", ("currency_code",))
    return Check("currency", True, f"{code} is a currency", ("currency_code",))


def _totals(values: Values, hints: Hints, today: date) -> Check:
    about = ("subtotal", "tax_total", "total")
    missing = [field for field in about if field not in values]
    if missing:
        return Check("totals", False, "net, tax and total are not all there, so nothing proves them", about)
    net, tax, total = (Decimal(values[field]) for field in about)
    if net + tax == total:
        return Check("totals", True, f"{net} plus {tax} is {total}", about)
    return Check("totals", False, f"{net} plus {tax} is {net + tax}, not {total}", about)


def _taxes(values: Values, hints: Hints, today: date) -> Check | None:
    rows = values.get("taxes", [])
    if not rows or "tax_total" not in values:
        return None
    said, whole = sum(_number(row["tax"]) for row in rows), Decimal(values["tax_total"])
    if said != whole:
        return Check("taxes", False, f"the taxes of each rate make {said}, not {whole}", ("taxes", "tax_total"))
    wrong = [row for row in rows if _is_wrong(row)]
    if wrong:
        row = wrong[0]
        return Check("taxes", False, f"{row['rate']} of {row['base']} is not {row['tax']}", ("taxes",))
    return Check("taxes", True, "each tax is what its rate makes of its base", ("taxes", "tax_total"))


def _is_wrong(row: Mapping[str, str | None]) -> bool:
    if row["rate"] is None or row["base"] is None:
        return False
    allowed = max(ROUNDING, abs(_number(row["base"])) / 10_000)
    return abs(_number(row["base"]) * _number(row["rate"]) - _number(row["tax"])) > allowed


def _lines(values: Values, hints: Hints, today: date) -> Check | None:
    """Return whether the lines add up. It never fails: the whole bill's charges and discounts may come to them."""
    rows = values.get("lines", [])
    if not rows or "subtotal" not in values:
        return None
    added = sum(_number(row["total"]) for row in rows)
    if added in (Decimal(values["subtotal"]), Decimal(values.get("total", "0"))):
        return Check("lines", True, "the lines add up", ("lines",))
    return Check("lines", True, f"the lines make {added}: charges or discounts come to them", ("lines",))


def _dates(values: Values, hints: Hints, today: date) -> Check | None:
    issue, due = (_day(values.get(field)) for field in ("issue_date", "due_date"))
    about = tuple(field for field in ("issue_date", "due_date") if field in values)
    if issue is None:
        return None
    wrong = {
        f"issued on {issue}, which has not come yet": issue > today + AHEAD,
        f"issued on {issue}, more than five years ago": issue < today - OLDEST,
        f"due on {due}, before it was issued on {issue}": due is not None and due < issue,
        f"due on {due}, more than a year after it was issued": due is not None and due - issue > LONGEST_TERM,
    }
    told = [sentence for sentence, is_wrong in wrong.items() if is_wrong]
    return Check("dates", not told, told[0] if told else "the dates make sense", about)


def _vat_id(values: Values, hints: Hints, today: date) -> Check | None:
    vat_id = values.get("supplier_vat_id")
    if vat_id is None:
        return None
    holds = identifiers.checksum_holds(bare(vat_id))
    says = f"the checksum of the VAT id {vat_id} {'holds' if holds else 'does not hold'}"
    return Check("vat_id", holds, says, ("supplier_vat_id",))


def _iban(values: Values, hints: Hints, today: date) -> Check | None:
    iban = values.get("iban")
    if iban is None:
        return None
    holds = identifiers.iban_holds(iban)
    return Check("iban", holds, f"the checksum of the IBAN {'holds' if holds else 'does not hold'}", ("iban",))


def _not_own(values: Values, hints: Hints, today: date) -> Check | None:
    own = [
        field for field in ("supplier_vat_id", "supplier_tax_id", "iban") if is_own(str(values.get(field, "")), hints)
    ]
    own += ["supplier_name"] * (squeeze(str(values.get("supplier_name", ""))) in map(squeeze, hints.own_names))
    if not own:
        return None
    return Check("not_own", False, "the organization itself is the supplier: is this one of its own invoices?", own)


def _supplier(values: Values, hints: Hints, today: date) -> Check | None:
    """Return whether the bill fits what this supplier's bills had before: a new account is what a forged one has."""
    known, iban = known_supplier(values, hints), values.get("iban")
    if iban and (other := next((one for one in hints.suppliers if one is not known and _has_account(one, iban)), None)):
        return Check("supplier", False, f"the account is that of {other.name}", ("iban", "supplier_name"))
    if known is None:
        return Check("supplier", True, "the first bill of this supplier", ("supplier_name",))
    if iban and known.ibans and not _has_account(known, iban):
        return Check("supplier", False, f"{known.name} had another account before: ask before you pay", ("iban",))
    vat_id = values.get("supplier_vat_id")
    if vat_id and known.vat_id and bare(vat_id) != bare(known.vat_id):
        return Check("supplier", False, f"{known.name} had the VAT id {known.vat_id} before", ("supplier_vat_id",))
    return Check("supplier", True, f"{known.name}, {known.seen}", ("supplier_name",))


def known_supplier(values: Values, hints: Hints) -> KnownSupplier | None:
    """Return the supplier that a bill's VAT id, tax id or name is of, None if none is known."""
    for field in ("supplier_vat_id", "supplier_tax_id"):
        for one in hints.suppliers:
            own = one.vat_id if field == "supplier_vat_id" else one.tax_id
            if own and bare(own) == bare(str(values.get(field, ""))):
                return one
    name = squeeze(str(values.get("supplier_name", "")))
    return next((one for one in hints.suppliers if name and one.plain_name == name), None)


def _has_account(supplier: KnownSupplier, iban: str) -> bool:
    return bare(iban) in map(bare, supplier.ibans)


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None


def _number(text: str | None) -> Decimal:
    return Decimal(text or 0)
