"""What people do with a bill: put its fields right, approve or reject it, take that back, have it read again."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, text
from sqlalchemy.orm import Session

from db.models import Account, Bill
from domain.accounting import sources
from domain.accounting.chart import EXPENSES
from domain.accounting.sources import Source
from domain.bills import catalogue, checking, duplicates, extraction, intake, readings, suppliers
from domain.bills.content import FIELDS, PERSON, Found, public_name
from domain.bills.identity import AMOUNTS, keys
from domain.bills.status import DECIDED, PROCESS, UNDECIDED, UNDER_WAY, Status
from domain.errors import Conflict, InUse, Invalid, say
from domain.events.telling import News, tell
from domain.events.types import BILL_APPROVED, BILL_REJECTED, BILL_REOPENED
from domain.jobs.work import Payload

# What the journal needs of a bill, and what a person must know whom to pay.
NEEDED = ("supplier_name", "invoice_number", "issue_date", "currency_code", "subtotal", "tax_total", "total")
SET_BY_PERSON = "a person has set it"
# What stands in the way of what was asked for, and the way round it.
WAYS = {
    Status.PROCESSED: "it is neither approved nor rejected",
    Status.NEEDS_REVIEW: "it is neither approved nor rejected",
    Status.ERROR: "it could not be read: put its fields in by hand, have it read again, or reject it",
    Status.APPROVED: "it is approved: reopen it first",
    Status.REJECTED: "it is rejected: reopen it first",
}


def said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as a bill keeps them: amounts and days as text, and null for those that are `absent`."""
    absent = {name: None for name in FIELDS if public_name(name) in fields.get("absent", ())}
    return absent | {name: _kept(value) for name, value in fields.items() if name != "absent"}


def _kept(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [{name: _kept(one) for name, one in row.items()} for row in value]
    return value


def put_right(session: Session, organization_id: int, bill_id: int, said: Mapping[str, Any]) -> Bill:
    """Set fields of a bill as a person says; raise NotFound or Conflict.

    What was put right is remembered for the next bill of its supplier.
    """
    bill = catalogue.locked(session, organization_id, bill_id)
    _require(bill, (*UNDECIDED, Status.ERROR), "put right")
    before = checking.kept(bill.fields)
    bill.fields = bill.fields | {name: _by_person(value) for name, value in said.items()}
    checking.check_again(session, bill)
    if reading := readings.of(session, bill):
        learned = extraction.learn(reading, before, said)
        suppliers.learn(session, organization_id, _said(bill), learned)
    return _saved(session, bill)


def approve(
    session: Session,
    organization_id: int,
    bill_id: int,
    confirm_duplicate: bool = False,
    account_code: str | None = None,
    waits: bool = True,
) -> Bill:
    """Approve a bill: it is booked as an expense, its input tax and what is payable.

    The expense goes to `account_code`, by default that of the supplier's last bill. Raise NotFound; Conflict if
    something is missing, or if it looks like another bill and `confirm_duplicate` does not say that it is none; Invalid
    for an account that is no expense; InUse if another bill of the supplier is being approved and it `waits` for none.
    """
    bill = catalogue.locked(session, organization_id, bill_id)
    _require(bill, UNDECIDED, "approved")
    _require_complete(bill)
    _lock_supplier(session, bill, waits)
    twins = duplicates.of_bills(session, organization_id, [bill_id])[bill_id]
    if twins and not confirm_duplicate:
        named = " and ".join(f"bill {twin.bill_id}" for twin in twins)
        raise Conflict(
            f"it looks like {named}: reject it, or send confirmDuplicate if it is another invoice",
            duplicates=[twin.bill_id for twin in twins],
        )
    said = _said(bill)
    account_code = account_code or usual_account(session, bill)
    _require_expense(session, organization_id, account_code)
    bill.account_code = account_code
    _decide(bill, Status.APPROVED, None)
    suppliers.see(session, organization_id, said, account_code)
    sources.changed(session, organization_id, [Source("bill", bill.id)])
    tell(session, organization_id, [News(BILL_APPROVED, _told(bill))])
    return _saved(session, bill)


def usual_account(session: Session, bill: Bill) -> str:
    """Return the account of the expense if nobody names one: that of the supplier's last bill, or EXPENSES."""
    return suppliers.usual_account(session, bill.organization_id, _said(bill)) or EXPENSES


def reject(session: Session, organization_id: int, bill_id: int, reason: str) -> Bill:
    """Reject a bill, which keeps the reason; raise NotFound or Conflict."""
    bill = catalogue.locked(session, organization_id, bill_id)
    _require(bill, (*UNDECIDED, Status.ERROR), "rejected")
    _decide(bill, Status.REJECTED, reason)
    tell(session, organization_id, [News(BILL_REJECTED, {**_told(bill), "reason": reason})])
    return _saved(session, bill)


def reopen(session: Session, organization_id: int, bill_id: int) -> Bill:
    """Take back that a bill was approved, with its entries in the journal, or rejected; raise NotFound or Conflict."""
    bill = catalogue.locked(session, organization_id, bill_id)
    _require(bill, DECIDED, "reopened")
    if bill.status == Status.APPROVED:
        sources.changed(session, organization_id, [Source("bill", bill.id)])
    bill.status, bill.message, bill.account_code, bill.decided_at = Status.NEEDS_REVIEW, None, None, None
    tell(session, organization_id, [News(BILL_REOPENED, _told(bill))])
    return _saved(session, bill)


def submit(session: Session, organization_id: int, payload: Payload, **terms: Any) -> int:
    """Have the bill of a payload read again; return the id of its job. Raise NotFound or Conflict."""
    return reprocess(session, organization_id, payload["invoiceId"], **terms).job_id or 0


def reprocess(session: Session, organization_id: int, bill_id: int, **terms: Any) -> Bill:
    """Have a bill read again; what a person has set stays. Raise NotFound or Conflict."""
    bill = catalogue.locked(session, organization_id, bill_id)
    _require(bill, (*UNDECIDED, Status.ERROR), "read again")
    bill.status, bill.message, bill.reading = Status.RECEIVED, None, None
    intake.owe(session, bill, PROCESS, **terms)
    return _saved(session, bill)


def _by_person(value: Any) -> dict[str, Any]:
    return checking.stored(Found(value, 1.0, PERSON, reason=SET_BY_PERSON))


def _said(bill: Bill) -> dict[str, Any]:
    return {name: found["value"] for name, found in bill.fields.items()}


def _told(bill: Bill) -> dict[str, Any]:
    return catalogue.told(bill.id, bill.file_name, bill.fields)


def _require(bill: Bill, statuses: tuple[Status, ...], done: str) -> None:
    if bill.status in UNDER_WAY:
        raise Conflict(
            say("the bill is being read: wait for job %(id)s", id=bill.job_id),
            billStatus=bill.status,
            jobId=bill.job_id,
        )
    if bill.status not in statuses:
        raise Conflict(f"the bill cannot be {done}: {WAYS[Status(bill.status)]}", billStatus=bill.status)


def _require_complete(bill: Bill) -> None:
    said, columns = _said(bill), keys(bill.fields)._asdict()
    missing = [name for name in NEEDED if not said.get(name) or (name in columns and columns[name] is None)]
    if missing:
        raise Conflict(
            f"the bill has no {' and no '.join(map(_plain, missing))}: set it first",
            missing=[*map(public_name, missing)],
        )
    if columns["subtotal"] + columns["tax_total"] != columns["total"]:
        raise Conflict("the subtotal and the tax of the bill do not make its total: put them right first")
    if min(columns[name] for name in AMOUNTS) < 0 < max(columns[name] for name in AMOUNTS):
        raise Conflict("some amounts of the bill are above zero and some below: put them right first")


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _lock_supplier(session: Session, bill: Bill, waits: bool) -> None:
    """Let no other bill of the supplier be approved meanwhile: it may be the same invoice."""
    lock = "pg_advisory_xact_lock" if waits else "pg_try_advisory_xact_lock"
    held = session.scalar(
        text(f"SELECT {lock}(hashtextextended('bills of ' || :key, :organization_id))"),
        {"key": bill.supplier_key, "organization_id": bill.organization_id},
    )
    if held is False:
        raise InUse("another bill of the supplier is being approved")


def _require_expense(session: Session, organization_id: int, code: str) -> None:
    account = session.get(Account, (organization_id, code))
    if account is None or account.type != "expense":
        where = "GET /api/v1/accounting/accounts has them"
        raise Invalid.fields({"accountCode": [f"must be an account of the type expense: {where}"]})


def _decide(bill: Bill, status: Status, message: str | None) -> None:
    bill.status, bill.message, bill.decided_at = status, message, func.clock_timestamp()


def _saved(session: Session, bill: Bill) -> Bill:
    bill.updated_at = func.clock_timestamp()
    session.flush()
    session.refresh(bill)
    return bill
