"""`counterfoil demo`: a stack of its own, real requests over HTTP, the proof, and away with it."""

import json
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.client import Client
from local.part import COUNTERFOIL
from local.process import Child, StartFailed, wait_until
from settings import child_environment, variable

CLIENTS = [
    {
        "name": "Ada Analytics",
        "addressLine1": "12 Engine Row",
        "city": "London",
        "country": "GB",
        "taxId": "GB-100",
    },
    {"name": "Γραμμή ΑΕ", "addressLine1": "Ερμού 5", "city": "Αθήνα", "country": "GR", "taxId": "EL-200"},
    {
        "name": "Софийски сокове",
        "addressLine1": "ул. Шипка 3",
        "city": "София",
        "country": "BG",
        "taxId": "BG-300",
    },
]
ITEMS = [
    ("Subscription, monthly", "1", "49.90"),
    ("Support, hours", "2.5", "80"),
    ("Stickers", "120", "0.35"),
]
GENERATE = "/api/v1/invoices/generate"
AT_ONCE, SYNCHRONOUS, IN_BULK = 12, 3, 5
COMPLETION_TIMEOUT_S = 60


class DemoFailed(Exception):
    """Something the demo promises is not so; the message says what."""


class QuietStack(Child):
    """A `counterfoil up` whose lines are kept for the case that something fails."""

    name = "the stack"
    start_timeout = 120.0
    # SIGTERM, so that the stack stops its parts itself when the demo is killed.
    death_signal = signal.SIGTERM
    stop_timeout = 30.0

    def __init__(self, data_dir: Path) -> None:
        super().__init__(self._hear)
        self._data_dir = data_dir
        self.lines: list[str] = []
        self.facts: dict = {}

    def command(self) -> list[str]:
        """Return the command line: free ports, a folder of its own."""
        return [*COUNTERFOIL, "up", "--port", "0", "--data-dir", str(self._data_dir)]

    def environment(self) -> dict[str, str]:
        """Return an environment in which no real database or broker is used."""
        return child_environment(**{variable("database_url"): "", variable("broker_url"): ""})

    def is_ready(self) -> bool:
        """Return whether it printed its ready line."""
        return bool(self.facts)

    def _hear(self, line: str) -> None:
        self.lines.append(line)
        if line.startswith("ready "):
            self.facts = json.loads(line.removeprefix("ready "))


def run() -> int:
    """Return 0 only if every invoice came through and the audit is clean."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="counterfoil-demo-data-") as data_dir:
        stack = QuietStack(Path(data_dir))
        print("starting PostgreSQL, Valkey, api, relay, worker and beat ...", flush=True)
        try:
            stack.start()
            print(f"ready after {time.monotonic() - began:.1f} s: {stack.facts['url']}", flush=True)
            count = _issue_and_audit(stack.facts)
        except (DemoFailed, StartFailed, OSError) as error:
            print(*stack.lines[-60:], sep="\n", file=sys.stderr)
            print(f"demo: failed: {getattr(error, 'summary', error)}", file=sys.stderr)
            return 1
        finally:
            stack.stop()
    print(
        "to look at yours in a browser: make up, then http://127.0.0.1:8000/console/; data/access.json has the password"
    )
    print(f"demo: {count} invoices COMPLETED, numbering audit clean")
    return 0


def _issue_and_audit(facts: dict) -> int:
    client, supplier = Client(facts["url"], facts["apiKey"]), facts["supplierId"]
    requests = _queue_at_once(client, supplier) + _queue_in_bulk(client, supplier)
    numbers = _issue_synchronously(client, supplier)
    _send_a_bad_one(client, supplier)
    _await_completion(client, requests)
    invoices = _invoices(client)
    expected = len(requests) + len(numbers)
    _expect(len(invoices) == expected, f"{len(invoices)} invoices instead of {expected}")
    _print_table(invoices)
    _save_pdf(client, invoices[0], supplier)
    _audit(client, supplier, expected)
    return expected


def _body(supplier: int, index: int, **changes: Any) -> dict:
    lines = [
        {"description": description, "quantity": quantity, "unitPrice": price, "taxRate": "0.20"}
        for description, quantity, price in ITEMS[: 1 + index % len(ITEMS)]
    ]
    return {"supplierId": supplier, "client": CLIENTS[index % len(CLIENTS)], "items": lines, **changes}


def _queue_at_once(client: Client, supplier: int) -> list[int]:
    print(f"sending {AT_ONCE} requests at once for {len(CLIENTS)} clients of one supplier ...", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        bodies = [_body(supplier, index) for index in range(AT_ONCE)]
        keys = [f"at once {index}" for index in range(AT_ONCE)]
        answers = list(pool.map(client.post, ["/api/v1/invoice-requests"] * AT_ONCE, bodies, keys))
    refused = [answer for answer in answers if answer[0] != 201]
    _expect(not refused, f"{len(refused)} of {AT_ONCE} requests were not accepted: {refused[:1]}")
    return [body["requestId"] for _, body in answers]


def _queue_in_bulk(client: Client, supplier: int) -> list[int]:
    print(f"sending {IN_BULK} more in one bulk request ...", flush=True)
    bodies = [_body(supplier, index) for index in range(IN_BULK)]
    status, answer = client.post("/api/v1/invoice-requests/bulk", {"requests": bodies}, "bulk")
    _expect(status == 201, f"the bulk request was answered {status}: {answer}")
    return [result["requestId"] for result in answer]


def _issue_synchronously(client: Client, supplier: int) -> list[str]:
    print(f"issuing {SYNCHRONOUS} while the caller waits ...", flush=True)
    answers = [client.post(GENERATE, _body(supplier, index), f"direct {index}") for index in range(SYNCHRONOUS)]
    _expect(all(status == 200 for status, _ in answers), f"a synchronous invoice was refused: {answers}")
    return [answer["invoiceNumber"] for _, answer in answers]


def _send_a_bad_one(client: Client, supplier: int) -> None:
    status, problem = client.post(GENERATE, _body(supplier, 0, currencyCode="ZZZ"))
    _expect(status == 400, f"an unknown currency was answered {status}: {problem}")
    print(f"a bad one is refused: {status} {problem['error']!r}; it must not cost a number", flush=True)


def _await_completion(client: Client, requests: list[int]) -> None:
    shown: list[int] = []

    def completed() -> int:
        statuses = [client.get(f"/api/v1/invoice-requests/{request}")[1] for request in requests]
        failed = [status for status in statuses if status["status"] == "FAILED"]
        _expect(not failed, f"a request failed: {failed[:1]}")
        done = sum(status["status"] == "COMPLETED" for status in statuses)
        if shown[-1:] != [done]:
            print(f"  {done} of {len(requests)} requests COMPLETED", flush=True)
        shown.append(done)
        return done

    in_time = wait_until(lambda: completed() == len(requests), COMPLETION_TIMEOUT_S)
    _expect(in_time, f"not all requests were COMPLETED within {COMPLETION_TIMEOUT_S} s")


def _invoices(client: Client) -> list[dict]:
    status, answer = client.get("/api/v1/invoices?limit=200")
    _expect(status == 200, f"the list of invoices was answered {status}: {answer}")
    return sorted(answer, key=lambda row: row["invoiceNumber"])


def _print_table(invoices: list[dict]) -> None:
    print(f"\n{'number':<12} {'issued':<11} {'client':<24} {'total':>12}")
    for row in invoices:
        total = f"{row['total']} {row['currencyCode']}"
        print(f"{row['invoiceNumber']:<12} {row['issueDate']:<11} {row['client']['name']:<24} {total:>12}")


def _save_pdf(client: Client, invoice: dict, supplier: int) -> None:
    number = invoice["invoiceNumber"]
    status, content = client.get(f"/api/v1/invoices/{number}/pdf?supplierId={supplier}")
    _expect(status == 200 and content.startswith(b"%PDF"), f"the PDF of {number} was answered {status}")
    path = Path(tempfile.mkdtemp(prefix="counterfoil-demo-"), f"{number}.pdf")
    path.write_bytes(content)
    print(f"\none of them as a PDF: {path}")


def _audit(client: Client, supplier: int, expected: int) -> None:
    status, audit = client.get(f"/api/v1/suppliers/{supplier}/numbering/audit")
    _expect(status == 200, f"the audit was answered {status}: {audit}")
    faults = {name: audit[name] for name in ("gaps", "duplicates", "brokenLinks", "lateDates")}
    _expect(not any(faults.values()), f"the audit found {faults}")
    print(f"audit: {audit['count']} invoices, {audit['first']} to {audit['last']}, none of {', '.join(faults)}")
    _expect(audit["count"] == expected, f"the audit counts {audit['count']} invoices instead of {expected}")


def _expect(true: bool, otherwise: str) -> None:
    if not true:
        raise DemoFailed(otherwise)
