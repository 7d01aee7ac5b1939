"""The number series of a supplier: which it has, and what of one can change once it has numbered an invoice."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models import NumberSeries
from domain.errors import Conflict, Invalid, NotFound, say
from domain.invoices.request import CREDIT_SERIES, SERIES
from domain.invoices.series import NEVER, STRICT, check_definitions, could_print_the_same

Definition = dict[str, Any]
# How a supplier's own fields call those of the series in which its invoices are numbered.
OF_INVOICES = {
    "invoice_prefix": "pattern",
    "invoice_number_digits": "digits",
    "invoice_start_number": "start_number",
}
# As the columns have them; the pattern is made of the code.
DEFAULTS: Definition = {"digits": 6, "start_number": 1, "restart": NEVER, "chronology": STRICT}
CREDIT_PATTERNS = ("CN-", "CRN-")
PATTERNS = {SERIES: "INV-", CREDIT_SERIES: CREDIT_PATTERNS[0]}


def create(fields: Mapping[str, Any]) -> list[NumberSeries]:
    """Return the series that the fields of a new supplier ask for; raise Invalid."""
    wanted = _wanted(fields, {})
    if CREDIT_SERIES not in wanted:
        wanted[CREDIT_SERIES] = _complete(CREDIT_SERIES, {"pattern": _free_pattern(wanted)}, {})
    check_definitions(wanted)
    return [NumberSeries(code=code, **definition) for code, definition in wanted.items()]


def change(session: Session, supplier_id: int, fields: Mapping[str, Any]) -> None:
    """Have the supplier, whose row is locked, get and change the series that `fields` name; raise Invalid or Conflict.

    A series that is not named stays as it is. One that is named keeps its restart and chronology where they are left
    out; its pattern, digits and start number become the default again.
    """
    found = select(NumberSeries).where(NumberSeries.supplier_id == supplier_id)
    rows = session.scalars(found.execution_options(populate_existing=True)).all()
    present = {row.code: {name: getattr(row, name) for name in ("pattern", *DEFAULTS)} for row in rows}
    wanted = _wanted(fields, present)
    unused = not any(row.last_number for row in rows if row.code == CREDIT_SERIES)
    if CREDIT_SERIES not in wanted and unused and present[CREDIT_SERIES]["pattern"] in CREDIT_PATTERNS:
        wanted[CREDIT_SERIES] = present[CREDIT_SERIES] | {"pattern": _free_pattern(present | wanted)}
    check_definitions(present | wanted)
    for code, definition in wanted.items():
        if code not in present:
            session.add(NumberSeries(supplier_id=supplier_id, code=code, **definition))
        elif definition != present[code]:
            _redefine(session, supplier_id, code, present[code], definition)
    session.flush()


def get(session: Session, supplier_id: int, code: str) -> NumberSeries:
    """Return one series of a supplier; raise NotFound."""
    series = session.get(NumberSeries, (supplier_id, code))
    if series is None:
        raise NotFound(say("the supplier has no series %(code)s", code=code))
    return series


def _wanted(fields: Mapping[str, Any], present: Mapping[str, Definition]) -> dict[str, Definition]:
    """Return each series that `fields` name, and always that of invoices, with its defaults."""
    listed = _by_code(fields.get("series", ()))
    own = {OF_INVOICES[name]: value for name, value in fields.items() if name in OF_INVOICES}
    of_invoices = listed.setdefault(SERIES, {})
    for name, short in OF_INVOICES.items():
        if short in own and short in of_invoices and own[short] != of_invoices[short]:
            raise Invalid.sentence(f"{name} and the {short} of series {SERIES} differ: send one of them", "series")
    of_invoices |= own
    return {code: _complete(code, given, present.get(code, {})) for code, given in listed.items()}


def _by_code(listed: Iterable[Mapping[str, Any]]) -> dict[str, Definition]:
    by_code: dict[str, Definition] = {}
    for number, one in enumerate(listed):
        if one["code"] in by_code:
            raise Invalid.fields({f"series[{number}].code": ["is given twice"]})
        by_code[one["code"]] = {name: value for name, value in one.items() if name != "code"}
    return by_code


def _complete(code: str, given: Definition, present: Definition) -> Definition:
    kept = {name: present[name] for name in ("restart", "chronology") if name in present}
    return {"pattern": PATTERNS.get(code, f"{code.upper()}-")} | DEFAULTS | kept | given


def _free_pattern(series: Mapping[str, Definition]) -> str:
    """Return the pattern of credit notes that nobody named: none of the other series could print its numbers."""
    present = series.get(CREDIT_SERIES, {}).get("pattern", CREDIT_PATTERNS[0])
    others = [one["pattern"] for code, one in series.items() if code != CREDIT_SERIES]
    free = (one for one in (present, *CREDIT_PATTERNS) if not any(could_print_the_same(one, other) for other in others))
    return next(free, present)


def _redefine(session: Session, supplier_id: int, code: str, present: Definition, wanted: Definition) -> None:
    """Change all of a series that was never used, or the chronology alone."""
    change = update(NumberSeries).where(NumberSeries.supplier_id == supplier_id, NumberSeries.code == code)
    if wanted | {"chronology": present["chronology"]} != present:
        # The condition is checked again once a running transaction has let go of the counter.
        change = change.where(NumberSeries.last_number == 0)
    if not session.execute(change.values(wanted).returning(NumberSeries.code)).first():
        raise Conflict(_frozen(code, present))


def _frozen(code: str, present: Definition) -> str:
    if code == SERIES:
        return (
            f'an invoice is issued, so send invoicePrefix "{present["pattern"]}", invoiceNumberDigits '
            f"{present['digits']} and invoiceStartNumber {present['start_number']} as they are"
        )
    return (
        f'series {code} has numbered an invoice, so send its pattern "{present["pattern"]}", digits '
        f"{present['digits']}, startNumber {present['start_number']} and restart {present['restart']} as they are"
    )
