"""What a bill's fields come to: its checks, its status, and the columns by which it is known."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from db import clock
from db.models import Bill
from domain.bills import extraction, readings, suppliers
from domain.bills.content import PERSON, Found, Reading
from domain.bills.extraction import Check, Hints
from domain.bills.extraction.comparison import PAGE_AGREES
from domain.bills.identity import keys
from domain.bills.status import Status

# Fields in whose names letters stand for words.
NAMED = {"supplier_vat_id": "supplier VAT id", "iban": "IBAN"}


class Verdict(NamedTuple):
    """Fields and checks as a bill's row keeps them, and the status that follows from them."""

    fields: dict[str, Any]
    checks: list[dict[str, Any]]
    status: Status


def judge(found: Mapping[str, Found], reading: Reading | None, hints: Hints, today: date) -> Verdict:
    """Return what the fields of a bill come to."""
    checks = [*_about_what_was_read(found, extraction.check(found, reading, hints, today)), _certain(found)]
    passed = all(check.passed for check in checks)
    return Verdict(
        {name: stored(one) for name, one in found.items()},
        [check._asdict() for check in checks],
        Status.PROCESSED if passed else Status.NEEDS_REVIEW,
    )


def _certain(found: Mapping[str, Found]) -> Check:
    unsure = extraction.unsure(found)
    named = ", ".join(NAMED.get(name) or name.replace("_", " ") for name in unsure)
    return Check("certain", not unsure, f"somebody has to look at: {named}" if unsure else "all is certain", unsure)


def _about_what_was_read(found: Mapping[str, Found], checks: Sequence[Check]) -> list[Check]:
    """Leave out whether the page shows what the e-invoice says, where a person has said what is right."""
    return [
        check
        for check in checks
        if check.name != PAGE_AGREES or any(found[name].origin != PERSON for name in check.fields)
    ]


def stored(one: Found) -> dict[str, Any]:
    """Return a field as a row keeps it."""
    return one._asdict() | {"box": list(one.box) if one.box else None}


def kept(fields: Mapping[str, Any]) -> dict[str, Found]:
    """Return fields as they were before a row kept them."""
    return {name: Found(**one) for name, one in fields.items()}


def check_again(session: Session, bill: Bill) -> None:
    """Judge a bill whose fields were changed."""
    today = clock.now(session).date()
    reading = readings.of(session, bill)
    found = judge(kept(bill.fields), reading, suppliers.hints(session, bill.organization_id), today)
    bill.fields, bill.checks, bill.status, bill.message = found.fields, found.checks, found.status, None
    for name, value in keys(bill.fields)._asdict().items():
        setattr(bill, name, value)
