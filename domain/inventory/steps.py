"""The four steps in which the lines of a document move: where, and from which status to which."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from db.models import Movement, Purchase, PurchaseLine, Sale, SaleLine, Transfer, TransferLine
from domain.inventory.documents import noun

LARGEST_ID = 10**18 - 1
MAX_NOTES_LENGTH = 5000
UNDOING = "undoing"


@dataclass(frozen=True)
class Step:
    """A document goes from `before` to `after`, at the time `at`, when all its lines have moved at `location`.

    `owner` is the column of a line that names its document. `worth` is the value that a line brings in; without it
    the line goes out, with its share of the value that is there.
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
        """Return the word for the document: transfer, sale, purchase."""
        return noun(self.document)

    @property
    def undo_kind(self) -> str:
        """Return the kind of the job that undoes it."""
        return f"{self.noun}.undo"

    @property
    def key(self) -> str:
        """Return the payload's name for the document's id."""
        return f"{self.noun}Id"

    @property
    def line(self) -> type[Any]:
        """Return the model of its lines."""
        return self.owner.class_

    @property
    def goes_out(self) -> bool:
        """Return whether the lines leave the location."""
        return self.worth is None

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of the payloads."""
        notes = {"type": "string", "maxLength": MAX_NOTES_LENGTH, "pattern": r"^[^\x00\ud800-\udfff]*$"}
        return _schema(self.key, notes=notes)

    @property
    def undo_schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of the payloads that ask to undo it."""
        return _schema(self.key)

    def origin(self, document: Any) -> dict[str, Any]:
        """Return the columns by which a movement names its document and step."""
        return {"document_type": self.noun, "document_id": document.id, "step": self.name}

    def moved(self) -> ColumnElement[bool]:
        """Return the condition under which a movement is one of a line in this step."""
        return and_(
            Movement.document_type == self.noun,
            Movement.document_id == self.owner,
            Movement.step == self.name,
            Movement.line_number == self.line.line_number,
        )

    def last_round(self) -> Any:
        """Return how often a line has moved in this step, there and back: it is there when the number is odd."""
        rounds = select(func.coalesce(func.max(Movement.round), 0)).where(self.moved())
        return rounds.correlate(self.line).scalar_subquery()

    def last_value(self) -> Any:
        """Return the value that a line's last movement in this step took out; what it brought in is negative."""
        last = select(-Movement.value).where(self.moved()).order_by(Movement.round.desc()).limit(1)
        return last.correlate(self.line).scalar_subquery()


def _schema(key: str, **more: Any) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": {key: {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}} | more,
        "required": [key],
        "additionalProperties": False,
    }


SEND = Step("transfer.send", "send", Transfer, TransferLine.transfer_id, "from_location_id", "draft", "sent", "sent_at")
# Goods arrive with the value that they left with.
COMPLETE = Step(
    "transfer.complete", "complete", Transfer, TransferLine.transfer_id, "to_location_id",
    "sent", "completed", "completed_at", SEND.last_value(),
)  # fmt: skip
POST = Step("sale.post", "sell", Sale, SaleLine.sale_id, "location_id", "pending", "completed", "completed_at")
APPROVE = Step(
    "purchase.approve", "receive", Purchase, PurchaseLine.purchase_id, "location_id",
    "draft", "approved", "approved_at", PurchaseLine.line_total,
)  # fmt: skip
