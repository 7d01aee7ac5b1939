"""A history made by hand, in which every promise is kept until a test breaks one."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.chaos.histories.record import Exchange, History, Row, Shown

SUPPLIER, PLACE, PRODUCT = 1, 1, 7
INVOICES, SALES, JOBS = "/api/v1/invoices/generate", "/api/v1/sales", "/api/v1/jobs"
REQUESTS, PURCHASES = "/api/v1/invoice-requests", "/api/v1/purchases"


def invoice_body(tag: str, supplier: int = SUPPLIER) -> dict[str, Any]:
    items = [{"description": "Thing", "quantity": 2, "unitPrice": 10, "taxRate": "0.2"}]
    return {"supplierId": supplier, "client": {"name": "Ada"}, "items": items, "notes": tag}


def goods_body(tag: str, quantity: int) -> dict[str, Any]:
    return {"locationId": PLACE, "lines": [{"productId": PRODUCT, "quantity": quantity}], "notes": tag}


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def job(number: int, kind: str, status: str, at: float, **fields: Any) -> dict[str, Any]:
    """Return a job that began and ended at a time."""
    times = {"startedAt": moment(at), "completedAt": moment(at)}
    base = {"id": number, "type": kind, "status": status, "error": None, "result": None, "attempts": 1}
    return base | {"maxAttempts": 3} | times | fields


def invoice(number: int, tag: str) -> dict[str, Any]:
    amounts = {"subtotal": Decimal(20), "taxTotal": Decimal("4.00"), "total": Decimal("24.00")}
    told = {"id": 100 + number, "invoiceNumberInt": number, "invoiceNumber": f"INV-{number:06d}", "notes": tag}
    return told | amounts | {"supplierId": SUPPLIER, "client": {"name": "Ada"}, "status": "issued", "updatedAt": "now"}


def movement(noun: str, document: int, quantity: int, turn: int = 1) -> dict[str, Any]:
    step = {"sale": "sell", "purchase": "receive"}[noun]
    place = {"documentType": noun, "documentId": document, "lineNumber": 1, "step": step}
    return place | {"round": turn, "quantity": Decimal(quantity), "productId": PRODUCT}


def level(quantity: int, reserved: int = 0) -> dict[str, Any]:
    return {"productId": PRODUCT, "quantity": quantity, "reserved": reserved, "available": quantity - reserved}


def entry(noun: str, document: int, amount: str) -> dict[str, Any]:
    debit = {"accountCode": "1000", "debit": Decimal(amount), "credit": Decimal(0)}
    credit = {"accountCode": "2000", "debit": Decimal(0), "credit": Decimal(amount)}
    return {"documentType": noun, "documentId": document, "lines": [debit, credit]}


def balance(amount: str, off: int = 0) -> dict[str, Any]:
    accounts = [{"code": "1000", "balance": Decimal(amount)}, {"code": "2000", "balance": -Decimal(amount) + off}]
    return {"accounts": accounts, "totals": [{"currencyCode": "EUR", "balance": Decimal(off)}]}


class Draft:
    """A history to be changed: `asked` has the exchanges by name, `shown` what the API shows at the end."""

    def __init__(self) -> None:
        self.asked: dict[str, Exchange] = {}
        self.shown: dict[str, Any] = {}
        self._ask_for_invoices()
        self._ask_for_goods()
        self._look()
        self._show()

    def ask(
        self, name: str, at: float, act: str, path: str, status: int | None, answer: Any = None, **more: Any
    ) -> None:
        """Add an exchange of a tenth of a second."""
        base = {"organization": "Acme", "method": "POST", "body": None, "key": None, "asked": at, "told": at + 0.1}
        self.asked[name] = Exchange(act=act, path=path, status=status, answer=answer, **base | more)

    def told(self, name: str, **changes: Any) -> None:
        """Let an exchange have gone otherwise."""
        self.asked[name] = dataclasses.replace(self.asked[name], **changes)

    def row(self, what: str, **known: Any) -> dict[str, Any]:
        """Return the first row that is shown with these fields."""
        return next(row for row in self.shown[what] if known.items() <= row.items())

    def remove(self, what: str, **known: Any) -> None:
        self.shown[what].remove(self.row(what, **known))

    def history(self) -> History:
        return History(list(self.asked.values()), {"Acme": Shown(**self.shown)})

    def _ask_for_invoices(self) -> None:
        a, b, c, d, e, f, g = (invoice_body(tag) for tag in "abcdefg")
        first = {"invoiceNumber": "INV-000001"}
        self.ask("a, cut", 12, "issue", INVOICES, None, body=a, key="a")
        self.ask("a, still running", 13, "issue", INVOICES, 409, {}, body=a, key="a", come_again=True)
        self.ask("a", 14, "issue", INVOICES, 200, first, body=a, key="a")
        self.ask("a, again", 15, "issue", INVOICES, 200, first, body=a, key="a")
        self.ask("a, another", 16, "issue", INVOICES, 422, {}, body=invoice_body("a~"), key="a")
        self.ask("b", 17, "request", REQUESTS, 201, {"requestId": 2}, body=b)
        self.ask("c", 19, "request", REQUESTS, 201, {"requestId": 3}, body=c, key="c")
        cancelled = job(3, "invoice.generate", "cancelled", 20, startedAt=None, attempts=0)
        self.ask("cancel c", 20, "cancel", f"{JOBS}/3/cancel", 200, cancelled)
        verdicts = [{"requestId": 4}, {"error": "supplier not found"}]
        self.ask("d", 21, "bulk", f"{REQUESTS}/bulk", 201, verdicts, body={"requests": [d, e]})
        self.ask("f, cut and done", 22, "issue", INVOICES, None, body=f)
        self.ask("g, cut and not done", 23, "issue", INVOICES, 503, {}, body=g, come_again=True)
        self.ask("wrong", 24, "err", REQUESTS, 400, {}, body=invoice_body("h", supplier=99))

    def _ask_for_goods(self) -> None:
        self.ask("opening", 10, "draft", PURCHASES, 201, {"id": 1, "jobId": None}, body=goods_body("opening", 10))
        self.ask("approve", 11, "approve", f"{PURCHASES}/1/approve", 200, {"id": 1, "jobId": 1}, body={})
        sale = goods_body("s", 3)
        self.ask("s", 30, "sell", SALES, 202, {"jobId": 5, "saleId": 1}, body=sale, key="s")
        self.ask("s, again", 31, "sell", SALES, 201, {"id": 1, "jobId": 5}, body=sale, key="s")
        self.ask("too much", 32, "sell", SALES, 409, {"detail": "line 1"}, body=goods_body("t", 20))
        self.ask("u", 33, "sell", SALES, 202, {"jobId": 6, "saleId": 2}, body=goods_body("u", 2))
        self.ask("cancel u", 34, "cancel", f"{JOBS}/6/cancel", 200, job(6, "sale.post", "cancelled", 34))
        # Refused for good, and its answer kept: the sale is there and never done.
        refusal = {"jobId": 7, "detail": "it failed"}
        self.ask("v", 35, "sell", SALES, 409, refusal, body=goods_body("v", 1), key="v")

    def _look(self) -> None:
        done = {"requestId": 2, "status": "COMPLETED", "invoiceNumber": "INV-000002", "completedAt": moment(18)}
        self.ask("look at b", 18, "look", f"{REQUESTS}/2", 200, done, method="GET")
        self.ask("stock", 40, "stock", "/api/v1/stock", 200, [level(7)], method="GET")
        self.ask("show a", 41, "show", "/api/v1/invoices/INV-000001", 200, invoice(1, "a"), method="GET")
        self.ask("balance", 42, "balance", "/api/v1/accounting/trial-balance", 200, balance("24"), method="GET")
        self.ask("peek", 43, "peek", f"{JOBS}/2", 404, {}, method="GET", organization="Umbrella")
        paused = {"what": "kind", "name": "sale.post"}
        self.ask("pause", 50, "pause", "/api/v1/admin/pause", 200, [], body=paused, organization="Operators")
        self.ask("resume", 70, "resume", "/api/v1/admin/resume", 200, [], body=paused, organization="Operators")
        self.ask("retry all", 80, "retry_all", f"{JOBS}/retry", 200, {"jobIds": []}, body={"all": True})

    def _show(self) -> None:
        invoices = [invoice(n, tag) for n, tag in enumerate("abdf", 1)]
        named = [{"invoiceId": row["id"], "invoiceNumber": row["invoiceNumber"]} for row in invoices]
        audit = {"first": 1, "last": 4, "count": 4, "gaps": [], "duplicates": [], "brokenLinks": [], "lateDates": []}
        self.shown = {
            "jobs": [
                job(1, "purchase.approve", "completed", 11),
                job(2, "invoice.generate", "completed", 18, result=named[1]),
                job(3, "invoice.generate", "cancelled", 20, startedAt=None, attempts=0),
                job(4, "invoice.generate", "completed", 22, result=named[2]),
                job(5, "sale.post", "completed", 31),
                job(6, "sale.post", "cancelled", 34),
                job(7, "sale.post", "failed", 35, error="SA-3 is refused, not pending"),
            ],
            "invoices": invoices,
            "numberings": {SUPPLIER: audit},
            "sales": [
                {"id": 1, "notes": "s", "status": "completed", "jobId": 5},
                {"id": 2, "notes": "u", "status": "pending", "jobId": 6},
                {"id": 3, "notes": "v", "status": "refused", "jobId": None},
            ],
            "purchases": [{"id": 1, "notes": "opening", "status": "approved", "jobId": 1}],
            "stock": [level(7)],
            "movements": [
                movement("purchase", 1, 10),
                movement("sale", 1, -3),
                movement("sale", 2, -2),
                movement("sale", 2, 2, turn=2),
            ],
            "entries": [
                *(entry("invoice", row["id"], "24") for row in invoices),
                entry("sale", 1, "72"),
                entry("purchase", 1, "30"),
            ],
            "trial_balance": balance("198"),
        }


def copied(row: Row, **changes: Any) -> dict[str, Any]:
    return {**row, **changes}
