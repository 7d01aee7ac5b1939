"""The states of a bill, and the kinds of work that move it."""

from enum import StrEnum

# Reads what the file says of itself; looks at pictures of pages; asks providers outside.
PROCESS, SCAN, ASK = "invoice.process", "bill.scan", "bill.ask"


class Status(StrEnum):
    """A bill is received, then processed, and then somebody approves or rejects it."""

    RECEIVED = "received"
    PROCESSING = "processing"
    PROCESSED = "processed"
    NEEDS_REVIEW = "needs_review"
    ERROR = "error"
    APPROVED = "approved"
    REJECTED = "rejected"


UNDER_WAY = (Status.RECEIVED, Status.PROCESSING)
UNDECIDED = (Status.PROCESSED, Status.NEEDS_REVIEW)
DECIDED = (Status.APPROVED, Status.REJECTED)
