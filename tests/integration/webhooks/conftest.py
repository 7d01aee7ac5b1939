from collections.abc import Callable, Iterator

import pytest

from domain import encryption, master_keys
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.webhooks.api import Api, listening
from tests.integration.webhooks.hook import Hook
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def loopback_may_be_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receivers of these tests listen on loopback, without TLS."""
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), webhook_allow_http=1, webhook_allowed_networks="127.0.0.0/8")


@pytest.fixture
def hook(client: Caller) -> Callable[..., Hook]:
    """Create a webhook of the organization."""
    return lambda url, *event_types, **more: Hook.create(client, url, *event_types, **more)


@pytest.fixture
def api(organization: Tenant) -> Iterator[Api]:
    with listening() as api:
        yield api
