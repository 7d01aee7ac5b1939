"""What moves the lines of a document, and between which states: a table of four."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from db.models import Movement, Purchase, PurchaseLine, Sale, SaleLine, Transfer, TransferLine
from domain.inventory.documents import noun

LARGEST_ID = 10**18 - 1
LONGEST_NOTES = 5000


@dataclass(frozen=True)
class Step:
    """A document goes from `before` to `after`, at the time `at`, when all its lines have moved at `location`.

    `owner` is the column of a line that names its document. `worth` is the value that a line brings in; without it
    the line goes out, with its share of what is there.
    """

    kind: str
    name: str
    document: type[Any]
    owner: Any
    location: str
    before: str
    after: str
    at: str
    worth: Any = None

    @property
    def noun(self) -> str:
        """Return what the document is called."""
        return noun(self.document)

    @property
    def key(self) -> str:
        """Return the payload's name for the document's id."""
        return f"{self.noun}Id"

    @property
    def line(self) -> type[Any]:
        """Return the model of its lines."""
        return self.owner.class_

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of the payloads."""
        return {
            "type": "object",
            "properties": {
                self.key: {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
                "notes": {"type": "string", "maxLength": LONGEST_NOTES, "pattern": r"^[^\x00\ud800-\udfff]*$"},
            },
            "required": [self.key],
            "additionalProperties": False,
        }

    def moved(self) -> ColumnElement[bool]:
        """Return the condition under which a movement is that of a line in this step."""
        return and_(
            Movement.document_type == self.noun,
            Movement.document_id == self.owner,
            Movement.step == self.name,
            Movement.line_number == self.line.line_number,
        )


SEND = Step("transfer.send", "send", Transfer, TransferLine.transfer_id, "from_location_id", "draft", "sent", "sent_at")
# What was sent arrives with the value that it left with.
SENT_VALUE = select(-Movement.value).where(SEND.moved()).correlate(TransferLine).scalar_subquery()
COMPLETE = Step(
    "transfer.complete", "complete", Transfer, TransferLine.transfer_id, "to_location_id",
    "sent", "completed", "completed_at", SENT_VALUE,
)  # fmt: skip
POST = Step("sale.post", "sell", Sale, SaleLine.sale_id, "location_id", "pending", "completed", "completed_at")
APPROVE = Step(
    "purchase.approve", "receive", Purchase, PurchaseLine.purchase_id, "location_id",
    "draft", "approved", "approved_at", PurchaseLine.line_total,
)  # fmt: skip
