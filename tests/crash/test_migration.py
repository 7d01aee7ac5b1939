"""A migration killed at any statement leaves nothing half done, and the next run brings it to its end."""

import pytest

from counterfoil.crashkit.fuse import killed_at, points
from db import migrations
from db.engine import engine
from tests import chain
from tests.conftest import execute

# What a migration makes, by kind and name; alembic's own table is made in the same transaction.
SCHEMA = """
    SELECT relkind::text, relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"""
EMPTY = []
RUN_TO_THE_END = 12
# In the suite some of the points, in `make chaos` each.
EVERY = pytest.mark.parametrize("step", [31, pytest.param(1, marks=pytest.mark.chaos)])


def schema() -> list[tuple[str, str]]:
    return chain.rows(SCHEMA)


def empty(database: str) -> None:
    engine().dispose()
    execute(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def deaths(names: list[str]) -> list[tuple[int, str]]:
    """Return the points to die at: to the server, before a statement is after the one before it."""
    return [(at, name) for at, name in enumerate(names) if name.startswith("after") or name == "before commit"]


def sampled(names: list[str], step: int) -> list[tuple[int, str]]:
    """Return one of `step` points, and always the last, which is after the commit."""
    return deaths(names)[::-step][::-1]


@EVERY
def test_an_upgrade_may_be_killed_at_every_statement(database, record_property, step):
    whole = schema()
    empty(database)
    names = points(migrations.upgrade)
    assert schema() == whole
    empty(database)
    for at, name in sampled(names, step):
        assert killed_at(at, migrations.upgrade), f"never came to {name}"
        assert schema() in (EMPTY, whole), f"half a schema after {name}"
        if at % RUN_TO_THE_END < 2 * step or schema() == whole:
            migrations.upgrade()
            assert schema() == whole
            empty(database)
    record_property("points", len(deaths(names)))
    assert len(deaths(names)) > 30, "the hooks are blind"


@EVERY
def test_a_downgrade_may_be_killed_at_every_statement(database, record_property, step):
    whole = schema()
    names = points(lambda: migrations.downgrade("base"))
    nothing = schema()
    for at, name in sampled(names, step):
        if schema() != whole:
            migrations.upgrade()
        assert killed_at(at, lambda: migrations.downgrade("base")), f"never came to {name}"
        assert schema() in (whole, nothing), f"half a schema after {name}"
    migrations.downgrade("base")
    assert schema() == nothing
    record_property("points", len(deaths(names)))
