"""A supplier's requests on their way through the chain, and what was promised about them."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from domain.invoices.request import InvoiceRequest
from tests import chain
from tests.checker import Accepted, check, watch
from tests.tenant import Tenant


class Stage:
    """A database through which a new request is driven for each fault; `name` is that request's client."""

    def __init__(self, tenant: Tenant, database: str) -> None:
        chain.connect_celery()
        watch(database)
        self.tenant, self.database = tenant, database
        self.accepted: list[Accepted] = []
        self.name = ""
        self._numbers = itertools.count(1)
        chain.submit(tenant, "Known")
        chain.recover()

    def begin(self) -> None:
        self.name = f"Client {next(self._numbers)}"

    def accept(self, *request_ids: int, key: str | None = None) -> int:
        self.accepted += [Accepted(self.tenant.id, request_id, key) for request_id in request_ids]
        return request_ids[-1]

    def submit(self) -> int:
        return self.accept(chain.submit(self.tenant, self.name))

    def accept_group(self, requests: Sequence[InvoiceRequest]) -> list[int]:
        ids = chain.submit_group(self.tenant, requests)
        self.accept(*ids)
        return ids

    def check(self, drained: bool = True) -> None:
        check(self.database, self.accepted, drained=False)
        if drained:
            chain.keep_books()
            check(self.database, self.accepted)


@contextmanager
def staged(tenant: Tenant, database: str) -> Iterator[Stage]:
    """Yield a stage whose lines to the broker are closed at the end."""
    yield Stage(tenant, database)
    chain.disconnect()
