from typing import Any

import pytest

from domain import encryption, master_keys
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure

CLIENTS = "/api/v1/parties/clients"
# No other text of a test holds it.
MARK = "Qlvrzk"
CLIENT = {
    "name": f"{MARK}name", "addressLine1": f"{MARK}street 1", "addressLine2": f"{MARK}floor", "city": f"{MARK}city",
    "region": f"{MARK}region", "postalCode": f"{MARK}1", "country": "BG", "taxId": f"{MARK}7", "vatId": f"BG{MARK}8",
    "email": f"{MARK}@example.com", "phone": f"{MARK}9",
}  # fmt: skip
CONTACT = ("addressLine1", "addressLine2", "city", "region", "postalCode", "email", "phone")
TABLES = """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND NOT relispartition ORDER BY relname"""


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a new process does: without an unwrapped key."""
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())


@pytest.fixture
def master_key(settings_return: None, database: str) -> str:
    """The one master key of the installation; mails may be sent, and find no relay yet."""
    key = master_keys.new_key()
    configure(master_keys=key, mail_from="billing@example.com", smtp_url="smtp://127.0.0.1:1")
    return key


@pytest.fixture
def made(master_key: str, client: Caller) -> int:
    """A client of whom all is known."""
    return make(client)


def make(client: Caller, **changes: Any) -> int:
    answer = client.post(CLIENTS, CLIENT | changes)
    assert answer.status_code == 201, answer.json
    return int(answer.json["id"])


def issue(caller: Caller, supplier_id: int, **changes: Any) -> str:
    answer = caller.post("/api/v1/invoices/generate", bodies.invoice(supplier_id, **changes))
    assert answer.status_code == 200, answer.json
    return str(answer.json["invoiceNumber"])


def tables_with(mark: str = MARK) -> list[str]:
    """Return the tables of which any row says it, in whatever column."""
    found = f"SELECT EXISTS (SELECT FROM {{0}} WHERE CAST({{0}} AS text) ILIKE '%{mark}%')"
    return [name for (name,) in chain.rows(TABLES) if chain.value(found.format(name).replace("%", "%%"))]
