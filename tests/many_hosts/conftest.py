from collections.abc import Iterator

import pytest

from tests.chaos.conftest import new_seed
from tests.many_hosts.deployment import Deployment, deployed


@pytest.fixture(scope="module")
def seed() -> int:
    return new_seed()


@pytest.fixture(scope="module")
def deployment(seed: int) -> Iterator[Deployment]:
    """The hosts, with all that runs on them; a test leaves them as healthy as it found them."""
    with deployed(seed) as deployment:
        yield deployment
