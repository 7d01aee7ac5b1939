import pytest

from tests.storages import Place


@pytest.fixture
def folder(storage_folder: Place) -> Place:
    return storage_folder


@pytest.fixture
def bucket(storage_bucket: Place) -> Place:
    return storage_bucket


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each kind of storage in turn."""
    return request.getfixturevalue(request.param)
