import itertools
import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

import settings
from db import engine as db_engine
from db import migrations
from local.broker import EmbeddedBroker
from local.postgres import PART, EmbeddedPostgres
from settings import broker_url, database_url
from tasks import kinds
from tests.tenant import Tenant, new_tenant

kinds.load()
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test an id of its own: of those that share one, xdist runs one and says nothing."""
    for item in items:
        if operation := getattr(item, "operation_label", None):  # schemathesis leaves it out of the id
            item._id = item.id.with_params(operation)
    assert len({item.nodeid for item in items}) == len(items), "two tests share an id"


def configure(**values: object) -> None:
    """Use other settings from now on, as a process started with another environment would."""
    settings.use(replace(settings.current(), **values))


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this test process. fsync is off: processes are killed here, the machine is not."""
    with tempfile.TemporaryDirectory(prefix="cf-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder), settings={"fsync": "off", "max_connections": "200"}) as server:
            yield server


@pytest.fixture(scope="session")
def template_database(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated database, copied for each test."""
    return migrated(postgres)


def migrated(postgres: EmbeddedPostgres) -> str:
    """Return the name of a server's database, its schema made by the owner; the settings are those of a part."""
    configure(database_url=database_url(postgres.part_url), database_owner_url=database_url(postgres.url))
    migrations.upgrade()
    # Those that a test adds.
    execute(postgres.url, f"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {PART}")
    db_engine.engine().dispose()
    return make_url(postgres.url).database or ""


@pytest.fixture
def database(postgres: EmbeddedPostgres, template_database: str) -> Iterator[str]:
    """The owner's URL of a database of this test's own; the settings point at it, under the role of the parts."""
    before = settings.current()
    name = f"test_{next(_numbers)}"
    maintenance = make_url(postgres.url).set(database="postgres").render_as_string(hide_password=False)
    execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {template_database} STRATEGY file_copy")
    url, part_url = (
        make_url(one).set(database=name).render_as_string(hide_password=False)
        for one in (postgres.url, postgres.part_url)
    )
    configure(database_url=database_url(part_url), database_owner_url=database_url(url))
    yield url
    db_engine.engine().dispose()
    settings.use(before)
    execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def every_scan_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every full scan and mend done when it is asked for, however slow the machine is."""
    monkeypatch.setattr("domain.jobs.dispatch.pacing.CHEAP_SECONDS", math.inf)


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def broker_server() -> Iterator[EmbeddedBroker]:
    with (
        tempfile.TemporaryDirectory(prefix="cf-broker-") as folder,
        EmbeddedBroker(Path(folder), with_admin=True) as server,
    ):
        yield server


@pytest.fixture
def broker(broker_server: EmbeddedBroker) -> str:
    """The administrator's URL of an empty broker; the settings point at it, as a part."""
    import redis

    with redis.Redis.from_url(broker_server.admin_url) as connection:
        connection.flushall()
    configure(broker_url=broker_url(broker_server.url))
    return broker_server.admin_url


@pytest.fixture
def stage(database: str, broker: str, organization: Tenant) -> Iterator[Any]:
    """A database through which requests are driven, the parts run by the test itself."""
    from tests.stage import staged

    with staged(organization, database) as stage:
        yield stage


@pytest.fixture
def organization(database: str) -> Tenant:
    """An organization with a key and a supplier; `.id`, `.key`, `.supplier_id`."""
    return new_tenant("Acme")


@pytest.fixture
def other_organization(database: str) -> Tenant:
    return new_tenant("Umbrella")
