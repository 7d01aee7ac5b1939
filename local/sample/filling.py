"""Fills a database with the sample company, once."""

import time
from collections.abc import Callable
from pathlib import Path

from local.access import keep_access, kept_access, opens
from local.client import Client
from local.sample import bills, connections, goods, people
from local.sample.asking import Asking
from local.sample.company import ORGANIZATION
from local.sample.invoices import Seller

SAMPLE = "sample"


def fill(folder: Path, database: str, url: str, command: Callable[..., str]) -> str:
    """Return what came of it in one line, whatever that is; what a failure left undone, the next call does."""
    began = time.monotonic()
    try:
        if not Filling(folder, database, url).do(command):
            return f"{ORGANIZATION} is there already"
    except Exception as error:  # whatever is wrong with it, the stack is there for other work
        told = getattr(error, "summary", str(error) or type(error).__name__)
        return f"{ORGANIZATION} is not complete: {told}; the next start with --sample-data goes on with it"
    return f"{ORGANIZATION} is filled after {time.monotonic() - began:.0f} s: log in as {people.OWNER}"


class Filling:
    """The sample company of one database; what opens it is kept in the folder."""

    def __init__(self, folder: Path, database: str, url: str) -> None:
        self._folder, self._database, self._url = folder, database, url
        self._kept = kept_access(folder, database).get(SAMPLE, {})

    def do(self, command: Callable[..., str]) -> bool:
        """Return whether there was anything left to do; raise SampleFailed."""
        is_new = not self._kept or not opens(self._url, self._kept["apiKey"])
        if is_new:
            key = command("keys", "create", "--organization", ORGANIZATION, "--name", "Sample data")
            self._kept = {}
            self._keep(apiKey=key)
        asking = Asking(Client(self._url, self._kept["apiKey"]))
        if is_new and people.find_owner(asking):  # filled from another folder
            self._keep(filled=True)
        if "password" not in self._kept:
            self._keep(email=people.OWNER, password=people.let_owner_in(asking, self._url))
        if "filled" in self._kept:
            return False
        _make_all(asking)
        self._keep(filled=True)
        return True

    def _keep(self, **more: object) -> None:
        self._kept |= more
        access = kept_access(self._folder, self._database) | {SAMPLE: self._kept}
        keep_access(self._folder, self._database, access)


def _make_all(asking: Asking) -> None:
    people.make_colleagues(asking)
    connections.connect(asking)
    received = bills.receive_first(asking)  # read by workers while the rest is made
    connections.schedule(asking, Seller(asking).sell())
    goods.trade(asking)
    bills.decide(asking, received)
