"""The bills that the sample company has received."""

from datetime import timedelta

from local.sample.asking import Asking
from local.sample.company import VENDORS
from local.sample.papers import bill

LAST_MONTH, THIS_MONTH = 1, 0
READ = ("processed", "needs_review", "error", "approved", "rejected")


def receive_first(asking: Asking) -> list[int]:
    """Return the ids of last month's bills, one of each vendor, which are read in the background."""
    return [
        _send(asking, f"{index}-{LAST_MONTH}.pdf", _paper(asking, index, LAST_MONTH)) for index in range(len(VENDORS))
    ]


def decide(asking: Asking, ids: list[int]) -> None:
    """Last month's bills are approved, so this month's are known better; of these, one is rejected."""
    asking.await_status("bills", ids, *READ)
    for bill_id, vendor in zip(ids, VENDORS, strict=True):
        asking.make(f"approval of bill {bill_id}", f"bills/{bill_id}/approve", {"accountCode": vendor.account})
    own = [
        _send(asking, f"{index}-{THIS_MONTH}.pdf", _paper(asking, index, THIS_MONTH)) for index in range(len(VENDORS))
    ]
    copy = _send(asking, "copy.pdf", _paper(asking, 0, THIS_MONTH, "Second copy of our invoice"))
    cut_off = _send(asking, "scan.pdf", _paper(asking, 1, THIS_MONTH)[:700])
    asking.await_status("bills", [*own, copy, cut_off], *READ)
    asking.make("rejection", f"bills/{own[2]}/reject", {"reason": "The pallets of last week never came"})


def _paper(asking: Asking, index: int, month: int, remark: str = "") -> bytes:
    """Return what the vendor of that index has sent, so many months ago."""
    day = asking.day - timedelta(days=30 * month + 3 + index)
    return bill(VENDORS[index], f"{4100 + 211 * index - 7 * month}", day, remark)


def _send(asking: Asking, name: str, content: bytes) -> int:
    return asking.upload(f"bill {name}", "bills", name, content)["billId"]
