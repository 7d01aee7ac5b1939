"""What opens the stack: the URLs, and the first organization with its key and supplier, made once a data folder."""

import json
from collections.abc import Callable
from pathlib import Path

from local.client import Client
from local.process import StartFailed
from local.secret import write_secret

FILE = "access.json"
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
    known = _kept(folder).get(database, {})
    if not known or not _opens(url, known["apiKey"]):
        known = _make(url, create_key())
        keep_access(folder, database, known)
    return {name: known[name] for name in ("apiKey", "supplierId")}


def keep_access(folder: Path, database: str, access: dict) -> Path:
    """Keep what opens the stack on this database for its owner alone to read; return the file's path."""
    path = folder / FILE
    write_secret(path, json.dumps(_kept(folder) | {database: access}, indent=1))
    return path


def _kept(folder: Path) -> dict:
    path = folder / FILE
    return json.loads(path.read_text()) if path.exists() else {}


def _opens(url: str, key: str) -> bool:
    """Return whether the API takes the key; it does not when the database was made anew beside the kept file."""
    return Client(url, key).get("/api/v1/products")[0] != 401


def _make(url: str, key: str) -> dict:
    status, supplier = Client(url, key).post("/api/v1/parties/suppliers", SUPPLIER)
    if status != 201:
        raise StartFailed(f"the first supplier was not created: {status} {supplier}")
    return {"apiKey": key, "supplierId": supplier["id"]}
