"""The invoices of the sample company: two suppliers, a dozen clients, five weeks."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from local.sample.asking import Asking
from local.sample.company import BUYERS, PRODUCTS, SUPPLIERS, Buyer

ISSUED, QUEUED = 48, 12
WEEKS = 5
SATURDAY = 5
CREDITED, CREDITED_TWICE = (6, 15, 28), 41
REASON = "Broken on the way"
# The buyers whose clients another program has under another name: their requests fail.
MISNAMED = (BUYERS[0], BUYERS[3])


class Seller:
    """The suppliers and clients as the API knows them, and the invoices that they exchange."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._suppliers = [
            asking.make(f"supplier {n}", "parties/suppliers", one)["id"] for n, one in enumerate(SUPPLIERS)
        ]
        self._clients = {
            buyer.party["name"]: asking.make(f"client {index}", "parties/clients", buyer.party)["id"]
            for index, buyer in enumerate(BUYERS)
        }

    def sell(self) -> int:
        """Return the id of the first invoice: some are paid, some are overdue, some are credited."""
        days = _working_days(self._asking.day)
        issued = [self._issue(index, days[index * len(days) // ISSUED]) for index in range(ISSUED)]
        for index, invoice in enumerate(issued):
            if index in CREDITED:
                self._credit(index, invoice, whole=index % 2 == 0)
            elif index != CREDITED_TWICE:
                self._pay(index, invoice)
        self._queue()
        self._fail(issued[CREDITED_TWICE])
        return issued[0]["id"]

    def _issue(self, index: int, day: date) -> Any:
        buyer = BUYERS[index % len(BUYERS)]
        due = day + timedelta(days=buyer.term)
        body = self._body(buyer, issueDate=day.isoformat(), dueDate=due.isoformat())
        number = self._asking.make(f"invoice {index}", "invoices/generate", body)["invoiceNumber"]
        return self._asking.get(f"invoices/{number}?supplierId={body['supplierId']}")

    def _queue(self) -> None:
        """Today's invoices go through the queue."""
        due = (self._asking.day + timedelta(days=14)).isoformat()
        bodies = [self._body(buyer, dueDate=due) for buyer in BUYERS[:QUEUED]]
        self._asking.make("today's requests", "invoice-requests/bulk", {"requests": bodies})

    def _fail(self, credited: Any) -> None:
        """Jobs fail: a client's name is another than before, and what is credited is to be credited once more."""
        named = [self._body(buyer, client=buyer.party | {"name": f"{buyer.party['name']} & Co"}) for buyer in MISNAMED]
        self._asking.make("misnamed requests", "invoice-requests/bulk", {"requests": named})
        of = {"invoiceNumber": credited["invoiceNumber"], "supplierId": credited["supplierId"], "reason": REASON}
        self._asking.make("credit requests", "credit-requests/bulk", {"requests": [of, of]})

    def _pay(self, index: int, invoice: Any) -> None:
        chance, due = self._asking.random.random(), date.fromisoformat(invoice["dueDate"])
        if chance > (0.8 if due < self._asking.day else 0.3):
            return
        amount = Decimal(str(invoice["total"]))
        if chance < 0.1:
            amount = (amount / 2).quantize(Decimal("0.01"))
        earliest = date.fromisoformat(invoice["issueDate"])
        paid = min(earliest + timedelta(days=self._asking.random.randrange(2, 20)), self._asking.day)
        body = {"amount": str(amount), "paidOn": paid.isoformat(), "reference": f"Statement {paid:%Y-%m}/{paid.day}"}
        self._asking.make(f"payment {index}", self._of(invoice, "payments"), body)

    def _credit(self, index: int, invoice: Any, whole: bool) -> None:
        first = invoice["items"][0]
        lines = [{"lineNumber": first["lineNumber"], "quantity": str(first["quantity"])}]
        body = {"reason": REASON} | ({} if whole else {"lines": lines})
        self._asking.make(f"credit {index}", self._of(invoice, "credit"), body)

    @staticmethod
    def _of(invoice: Any, what: str) -> str:
        return f"invoices/{invoice['invoiceNumber']}/{what}?supplierId={invoice['supplierId']}"

    def _body(self, buyer: Buyer, **more: Any) -> dict[str, Any]:
        random = self._asking.random
        lines = [self._line(buyer, *product) for product in random.sample(PRODUCTS, random.randrange(2, 6))]
        return {
            "supplierId": self._suppliers[buyer.supplier], "client": {"id": self._clients[buyer.party["name"]]},
            "items": lines, "currencyCode": buyer.currency, "localeCode": buyer.locale,
            "seriesCode": "export" if buyer.category == "G" and not buyer.supplier else "invoice",
        } | more  # fmt: skip

    def _line(self, buyer: Buyer, sku: str, name: str, _: str, price: str) -> dict[str, Any]:
        quantity = self._asking.random.choice((6, 12, 12, 24, 36))
        line = {"description": name, "quantity": str(quantity), "unitPrice": price, "itemId": sku}
        if buyer.category != "S":
            line |= {"taxCategory": buyer.category}
        return line


def _working_days(last: date) -> list[date]:
    """Return the working days of WEEKS before `last`, the oldest first."""
    days = (last - timedelta(days=back) for back in range(7 * WEEKS, 0, -1))
    return [day for day in days if day.weekday() < SATURDAY]
