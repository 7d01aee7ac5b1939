import pytest

from tests.storages import Place


@pytest.fixture(autouse=True)
def files_are_in_a_folder(storage_folder: Place) -> None:
    """What these tests upload is kept in a folder of each test."""
