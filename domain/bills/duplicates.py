"""Bills that may be the same invoice: two files with one number of one supplier, or with its total of one day."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from db.queries import run

NUMBER, AMOUNT = "number", "amount"


class Duplicate(NamedTuple):
    """Another bill, and what both have in common: the supplier and its `number`, or the `amount` and day."""

    bill_id: int
    status: str
    same: str


def of_bills(session: Session, organization_id: int, bill_ids: Sequence[int]) -> dict[int, list[Duplicate]]:
    """Return the other bills, rejected ones aside, that may be the same as each of `bill_ids`; up to 20 each."""
    found: dict[int, list[Duplicate]] = defaultdict(list)
    for row in run(session, "find_duplicates", organization_id=organization_id, ids=list(bill_ids)):
        found[row.id].append(Duplicate(row.other_id, row.status, row.same))
    return found
