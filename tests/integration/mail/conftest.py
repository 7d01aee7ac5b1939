from collections.abc import Iterator

import pytest

from domain import encryption, master_keys
from tests import bodies
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.mail.relays import Relay, relaying
from tests.tenant import Tenant

SENDER = "billing@example.com"


@pytest.fixture(autouse=True)
def mails_may_be_sent(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails are accepted, and find no relay yet."""
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), mail_from=SENDER, smtp_url="smtp://127.0.0.1:1")


@pytest.fixture
def relay() -> Iterator[Relay]:
    """The installation's relay."""
    with relaying() as made:
        configure(smtp_url=made.url())
        yield made


@pytest.fixture
def invoice(client: Caller, organization: Tenant) -> str:
    """The number of an invoice whose client has an address."""
    return issue(client, organization.supplier_id)


def issue(client: Caller, supplier_id: int, **changes: object) -> str:
    """Issue an invoice to Ada, who has an address; return its number."""
    body = bodies.invoice(supplier_id, client=bodies.CLIENT | {"email": "ada@example.com"}, **changes)
    answer = client.post("/api/v1/invoices/generate", body)
    assert answer.status_code == 200, answer.json
    return answer.json["invoiceNumber"]
