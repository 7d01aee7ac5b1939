"""Callers of the API, each a thread: they do what their intents say and keep to what they are told."""

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tests.chaos.histories.intents import PAUSED_KINDS, Intent, Pause
from tests.chaos.histories.record import Exchange
from tests.chaos.histories.wire import Wire
from tests.chaos.histories.world import Organization

Thing = TypeVar("Thing")
BETWEEN_REPEATS_S, PATIENCE_S = 0.3, 10.0


class Threaded:
    """Work that goes on in a thread until it is told to stop; what fails in it fails in `join`."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses, self._stopping = itertools.cycle(addresses), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._guarded, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def join(self) -> None:
        self._thread.join()
        if self._error:
            raise self._error

    def work(self) -> None:
        raise NotImplementedError

    def _guarded(self) -> None:
        try:
            self.work()
        except BaseException as error:
            self._error = error


class Client(Threaded):
    """One caller of an organization; others may know and use the same ids."""

    def __init__(self, ours: Organization, theirs: Organization, addresses: Sequence[str], wishes: Iterator[Intent]):
        self._ours, self._theirs, self._wishes = ours, theirs, wishes
        super().__init__(addresses)

    def work(self) -> None:
        """Do one intent after another."""
        for intent in self._wishes:
            if self._stopping.wait(intent.pause):
                return
            getattr(self, intent.act)(intent)

    def issue(self, intent: Intent) -> None:
        body = self._ours.invoice(intent)
        told = self._ask(intent, "/api/v1/invoices/generate", body)
        if told.accepted:
            self._ours.invoices.append((body["supplierId"], told.answer["invoiceNumber"]))

    def request(self, intent: Intent) -> None:
        self._ours.requests.extend(self._ask(intent, "/api/v1/invoice-requests", self._ours.invoice(intent)).jobs())

    def bulk(self, intent: Intent) -> None:
        wanted = [self._ours.invoice(intent, number=number) for number in range(1, 2 + len(intent.lines))]
        wanted[-1]["supplierId"] = self._theirs.suppliers[0]
        told = self._ask(intent, "/api/v1/invoice-requests/bulk", {"requests": wanted})
        self._ours.requests.extend(told.jobs())

    def err(self, intent: Intent) -> None:
        self._ask(intent, "/api/v1/invoice-requests", self._ours.invoice(intent, self._theirs.suppliers[0]))

    def sell(self, intent: Intent) -> None:
        self._ask(intent, "/api/v1/sales", self._ours.sale(intent))

    def buy(self, intent: Intent) -> None:
        drafted = self._ask(dataclasses.replace(intent, act="draft"), "/api/v1/purchases", self._ours.purchase(intent))
        if drafted.accepted:
            approval = dataclasses.replace(intent, act="approve", tag=f"{intent.tag}-approve", twist=False)
            self._ask(approval, f"/api/v1/purchases/{drafted.answer['id']}/approve", {})

    def recreate(self, intent: Intent) -> None:
        if invoice := _one(intent, self._ours.invoice_ids):
            self._ask(intent, "/api/v1/accounting/recreations", {"documents": [{"type": "invoice", "id": invoice}]})

    def look(self, intent: Intent) -> None:
        if request := intent.keyed and _one(intent, self._ours.requests):
            told = self._send(intent, "GET", f"/api/v1/invoice-requests/{request}")
            if told.accepted and told.answer["invoiceId"]:
                self._ours.invoice_ids.append(told.answer["invoiceId"])
        elif job := _one(intent, self._ours.jobs):
            self._send(intent, "GET", f"/api/v1/jobs/{job}")

    def cancel(self, intent: Intent) -> None:
        self._to_job(intent, "cancel")

    def retry(self, intent: Intent) -> None:
        self._to_job(intent, "retry")

    def retry_all(self, intent: Intent) -> None:
        self._send(intent, "POST", "/api/v1/jobs/retry", {"all": True})

    def stock(self, intent: Intent) -> None:
        self._send(intent, "GET", f"/api/v1/stock?locationId={self._ours.location}")

    def balance(self, intent: Intent) -> None:
        self._send(intent, "GET", "/api/v1/accounting/trial-balance")

    def show(self, intent: Intent) -> None:
        if request := intent.keyed and _one(intent, self._ours.requests):
            self._send(intent, "GET", f"/api/v1/invoice-requests/{request}/invoice")
        elif invoice := _one(intent, self._ours.invoices):
            self._send(intent, "GET", f"/api/v1/invoices/{invoice[1]}?supplierId={invoice[0]}")

    def peek(self, intent: Intent) -> None:
        if job := _one(intent, self._theirs.jobs):
            self._send(intent, "GET", f"/api/v1/jobs/{job}")

    def _to_job(self, intent: Intent, verb: str) -> None:
        if job := _one(intent, self._ours.jobs):
            self._send(intent, "POST", f"/api/v1/jobs/{job}/{verb}")

    def _ask(self, intent: Intent, path: str, body: dict[str, Any]) -> Exchange:
        """Return the last answer to a request that makes something, asked for as often as the intent says."""
        key = intent.tag if intent.keyed else None

        def send(patience: float = PATIENCE_S, body: dict[str, Any] = body) -> Exchange:
            return self._send(intent, "POST", path, body, key, patience)

        told = self._twice_at_once(send) if key and intent.twin else send(intent.patience)
        repeats = intent.repeats if key else 0
        while repeats and (told.unknown or told.postponed):
            self._stopping.wait(BETWEEN_REPEATS_S)
            told, repeats = send(), repeats - 1
        if key and intent.twist:
            send(body=_twisted(body))
        if key and intent.echo:
            told = send()
        self._ours.jobs.extend(told.jobs())
        return told

    def _twice_at_once(self, send: Callable[[], Exchange]) -> Exchange:
        with ThreadPoolExecutor(2) as pool:
            first, second = (one.result() for one in [pool.submit(send), pool.submit(send)])
        return first if first.accepted else second

    def _send(
        self,
        intent: Intent,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        patience: float = PATIENCE_S,
    ) -> Exchange:
        """Ask one api; the next request goes to the next."""
        wire, address = self._ours.wire, next(self._addresses)
        return wire.send(address, intent.act, method, path, body, key, intent.in_background, patience)


class Operator(Threaded):
    """Pauses kinds and resumes them, one at a time."""

    def __init__(self, wire: Wire, addresses: Sequence[str], wishes: Iterator[Pause]):
        self._wire, self._wishes = wire, wishes
        super().__init__(addresses)

    def work(self) -> None:
        """Pause and resume in turns, and in the end resume all: a pause without an answer may have come late."""
        for wish in self._wishes:
            if self._stopping.wait(wish.pause):
                break
            self._send("pause", wish.kind)
            self._stopping.wait(wish.seconds)
            self._resume(wish.kind)
        for kind in PAUSED_KINDS:
            self._resume(kind)

    def _resume(self, kind: str) -> None:
        while not self._send("resume", kind).accepted:
            self._stopping.wait(BETWEEN_REPEATS_S)

    def _send(self, verb: str, kind: str) -> Exchange:
        body = {"what": "kind", "name": kind}
        return self._wire.send(next(self._addresses), verb, "POST", f"/api/v1/admin/{verb}", body)


def _one(intent: Intent, known: Sequence[Thing]) -> Thing | None:
    """Return something the clients know, more often what is new; None while they know nothing."""
    return known[-1 - int(intent.pick**2 * len(known))] if known else None


def _twisted(body: dict[str, Any]) -> dict[str, Any]:
    """Return another body, which leaves other traces."""
    if "requests" in body:
        return {"requests": [_twisted(one) for one in body["requests"]]}
    if "documents" in body:
        return {"documents": body["documents"] * 2}
    return body | {"notes": f"{body['notes']}~"}
