import pytest

from tests.caller import Caller
from tests.tenant import Tenant


@pytest.fixture
def client(organization: Tenant) -> Caller:
    """The API, called with the organization's key."""
    return Caller(organization.key)


@pytest.fixture
def stranger(other_organization: Tenant) -> Caller:
    """The API, called with another organization's key."""
    return Caller(other_organization.key)
