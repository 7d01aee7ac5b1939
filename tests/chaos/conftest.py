import os
import secrets

import pytest

from tests.faults.conftest import broker_server, chain, network  # noqa: F401
from tests.faults.database.conftest import postgres, template_database  # noqa: F401


@pytest.fixture
def seed() -> int:
    return new_seed()


def new_seed() -> int:
    """Return the number that repeats this run: SEED, or a fresh one; print it."""
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    print(f"\nSEED={seed}")
    return seed
