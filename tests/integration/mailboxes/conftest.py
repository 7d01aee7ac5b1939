from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain import encryption, master_keys
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.gateways.authority import Authority
from tests.integration.mailboxes.box import Box
from tests.integration.mailboxes.servers import Imap, serving_imap
from tests.storages import Place

HOST = "localhost"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one authority that is trusted."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture(autouse=True)
def loopback_may_be_read(database: str, storage_folder: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of these tests listen on loopback, and attachments are kept in a folder."""
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), mailbox_allowed_networks="127.0.0.0/8")


@pytest.fixture
def imap(authority: Authority) -> Iterator[Imap]:
    """A server with an empty INBOX."""
    with serving_imap(authority.serving(HOST)) as server:
        yield server


@pytest.fixture
def box(client: Caller, imap: Imap) -> Callable[..., Box]:
    """Create a mailbox of the organization on that server."""
    return lambda **changes: Box.create(client, imap.port, **changes)
