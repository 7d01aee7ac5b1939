"""The journal balances at every moment, and in the end has one entry for each document that is done."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from tests.chaos.histories.judge.fault import Fault
from tests.chaos.histories.judge.trade import DONE
from tests.chaos.histories.record import History, Row, Shown


def faults(history: History) -> Iterator[Fault]:
    """Yield entries that do not balance, are missing, doubled or of nothing, and sums that are not theirs."""
    for one in history.of("balance"):
        if one.accepted and _unbalanced(one.answer):
            yield Fault("the journal does not balance", str(one))
    for organization, shown in history.shown.items():
        yield from _entries(organization, shown)
        if _unbalanced(shown.trial_balance) or _sums(shown) != _summed(shown.trial_balance):
            yield Fault("the journal does not balance", f"{organization} {shown.trial_balance}")


def _unbalanced(trial_balance: Row) -> bool:
    return any(Decimal(row["balance"]) != 0 for row in trial_balance.get("totals", ()))


def _entries(organization: str, shown: Shown) -> Iterator[Fault]:
    for row in shown.entries:
        debit, credit = (sum(Decimal(line[side]) for line in row["lines"]) for side in ("debit", "credit"))
        if debit != credit:
            yield Fault("the journal does not balance", f"{organization} {row}")
    owed = Counter({("invoice", row["id"]): 1 for row in shown.invoices})
    owed.update(("sale", row["id"]) for row in shown.sales if row["status"] == DONE["sale"])
    owed.update(("purchase", row["id"]) for row in shown.purchases if row["status"] == DONE["purchase"])
    entered = Counter((row["documentType"], row["documentId"]) for row in shown.entries)
    for document in (owed - entered) + (entered - owed):
        evidence = f"{organization} {document}: {entered[document]} entries, {owed[document]} owed"
        yield Fault("a document and the journal disagree", evidence)
    totals = {row["id"]: row["total"] for row in shown.invoices}
    for row in shown.entries:
        debit = sum(Decimal(line["debit"]) for line in row["lines"])
        if row["documentType"] == "invoice" and debit != totals.get(row["documentId"], debit):
            yield Fault("a document and the journal disagree", f"{organization} {row}")


def _sums(shown: Shown) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in shown.entries:
        for line in row["lines"]:
            sums[line["accountCode"]] += Decimal(line["debit"]) - Decimal(line["credit"])
    return {account: amount for account, amount in sums.items() if amount}


def _summed(trial_balance: Row) -> dict[str, Decimal]:
    rows = trial_balance.get("accounts", ())
    return {row["code"]: Decimal(row["balance"]) for row in rows if Decimal(row["balance"])}
