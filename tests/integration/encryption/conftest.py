import pytest

from domain import encryption, master_keys
from tests.conftest import configure


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a new process does: without an unwrapped key."""
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())


@pytest.fixture
def master_key(database: str) -> str:
    """The one master key of the installation, as the setting has it."""
    key = master_keys.new_key()
    configure(master_keys=key)
    return key
