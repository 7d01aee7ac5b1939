"""A pytest plugin for those who write kinds: the fixture `every_point` kills a job's worker at every point in turn.

Whatever is heavy is imported by the fixtures, so that a test run that uses none of them pays nothing.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from counterfoil.crashkit.database import Database


@pytest.fixture(scope="session")
def counterfoil_database() -> "Iterator[Database]":
    """An empty database with Counterfoil's tables, in a PostgreSQL of this test run."""
    from counterfoil.crashkit.database import embedded, migrated

    with embedded() as server:
        yield migrated(server)


@pytest.fixture
def every_point(counterfoil_database: "Database") -> Callable[..., list[str]]:
    """Kill a job's worker at each point in turn: `every_point(kind, payload, invariants)`.

    See `counterfoil.crashkit.trial.every_point`, which describes what it takes and what it raises.
    """
    from counterfoil.crashkit.trial import every_point

    return partial(every_point, counterfoil_database)
