"""The first organization's key and supplier: made once a data folder and database, printed by every `up`."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from local.client import Client
from local.process import StartFailed

SUPPLIER = {
    "name": "Counterfoil Demo Ltd",
    "addressLine1": "1 Ledger Street",
    "city": "Dublin",
    "country": "IE",
    "taxId": "IE0000000X",
    "email": "billing@example.com",
}


def first_access(folder: Path, database: str, url: str, create_key: Callable[[], str]) -> dict:
    """Return apiKey and supplierId as kept in the folder for this database, or make and keep them."""
    kept = folder / "access.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    if database not in known or not _opens(url, known[database]["apiKey"]):
        known[database] = _make(url, create_key())
        _keep(kept, known)
    return known[database]


def _opens(url: str, key: str) -> bool:
    """Return whether the API takes the key; it does not when the database was made anew beside the kept file."""
    return Client(url, key).get("/api/v1/products")[0] != 401


def _make(url: str, key: str) -> dict:
    status, supplier = Client(url, key).post("/api/v1/parties/suppliers", SUPPLIER)
    if status != 201:
        raise StartFailed(f"the first supplier was not created: {status} {supplier}")
    return {"apiKey": key, "supplierId": supplier["id"]}


def _keep(path: Path, content: dict) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(content))
    os.replace(unfinished, path)
