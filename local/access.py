"""What opens the stack: the URLs, and the first organization with key, supplier and owner, made once a data folder."""

import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from local.client import HTTP_TIMEOUT, Client
from local.process import StartFailed
from local.secret import write_secret

FILE = "access.json"
FACTS = ("apiKey", "supplierId", "email", "password")
ORGANIZATION, EMAIL = "First organization", "owner@localhost"
SUPPLIER = {
    "name": "Counterfoil Demo Ltd",
    "addressLine1": "1 Ledger Street",
    "city": "Dublin",
    "country": "IE",
    "taxId": "IE0000000X",
    "email": "billing@example.com",
}


def first_access(folder: Path, database: str, url: str, command: Callable[..., str]) -> dict:
    """Return FACTS as kept in the folder for this database, or make and keep them by `command`, which runs ours."""
    known = kept_access(folder, database)
    if not known or not opens(url, known["apiKey"]):
        known = _make(url, command("keys", "create", "--operator", "--organization", ORGANIZATION))
        keep_access(folder, database, known)
    if "password" not in known:
        known |= {"email": EMAIL, "password": choose_password(url, _link(command))}
        keep_access(folder, database, known)
    return {name: known[name] for name in FACTS}


def keep_access(folder: Path, database: str, access: dict) -> Path:
    """Keep what opens the stack on this database for its owner alone to read; return the file's path."""
    path = folder / FILE
    write_secret(path, json.dumps(_all_kept(folder) | {database: access}, indent=1))
    return path


def kept_access(folder: Path, database: str) -> dict:
    """Return what is kept of this database, which may be nothing."""
    return _all_kept(folder).get(database, {})


def _all_kept(folder: Path) -> dict:
    path = folder / FILE
    return json.loads(path.read_text()) if path.exists() else {}


def _link(command: Callable[..., str]) -> str:
    """Return the link by which the owner chooses a password; there is an owner if the kept file was lost."""
    if f"\t{EMAIL}\t" in command("users", "list"):
        return command("users", "link", EMAIL)
    person = "--email", EMAIL, "--name", "Owner", "--role", "operator"
    return command("users", "create", "--organization", ORGANIZATION, *person)


def choose_password(url: str, link: str) -> str:
    """Return the password that the link was given; raise StartFailed."""
    password = secrets.token_urlsafe(15)
    form = urllib.parse.urlencode({"password": password}).encode()
    try:
        urllib.request.urlopen(url + urllib.parse.urlsplit(link).path, form, timeout=HTTP_TIMEOUT).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        raise StartFailed(f"an owner's password was not taken: {error.code}") from None
    return password


def opens(url: str, key: str) -> bool:
    """Return whether the API takes the key; it does not when the database was made anew beside the kept file."""
    return Client(url, key).get("/api/v1/products")[0] != 401


def _make(url: str, key: str) -> dict:
    status, supplier = Client(url, key).post("/api/v1/parties/suppliers", SUPPLIER)
    if status != 201:
        raise StartFailed(f"the first supplier was not created: {status} {supplier}")
    return {"apiKey": key, "supplierId": supplier["id"]}
