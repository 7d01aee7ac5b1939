import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

import settings
from counterfoil.crashkit.database import Database, copy_of, embedded, migrated
from local.broker import EmbeddedBroker
from local.postgres import EmbeddedPostgres
from settings import broker_url
from tasks import kinds
from tests.s3.server import S3Server
from tests.storages import Place, new_bucket, new_folder
from tests.tenant import Tenant, new_tenant

kinds.load()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have every test have an id of its own: of those that share one, xdist runs one and says nothing."""
    assert len({item.nodeid for item in items}) == len(items), "two tests share an id"


def configure(**values: object) -> None:
    """Use other settings from now on, as a process started with another environment would."""
    settings.use(replace(settings.current(), **values))


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this test process."""
    with embedded() as server:
        yield server


@pytest.fixture(scope="session")
def template_database(postgres: EmbeddedPostgres) -> Database:
    """A migrated database, copied for each test."""
    return migrated(postgres)


@pytest.fixture(scope="session")
def counterfoil_database(template_database: Database) -> Database:
    """The crash kit's database: that of the other tests."""
    return template_database


@pytest.fixture
def database(template_database: Database) -> Iterator[str]:
    """The owner's URL of a database of this test's own; the settings point at it, under the role of the parts."""
    with copy_of(template_database) as copy:
        yield copy.owner


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
def settings_return() -> Iterator[None]:
    """The settings are as before when the test has ended."""
    before = settings.current()
    yield
    settings.use(before)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A server that speaks S3."""
    with tempfile.TemporaryDirectory(prefix="cf-s3-") as folder:
        server = S3Server(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def storage_folder(settings_return: None, tmp_path: Path) -> Place:
    """A folder in which files are kept; links to them can be signed."""
    place = new_folder(tmp_path)
    configure(**place.settings())
    return place


@pytest.fixture
def storage_bucket(settings_return: None, s3_server: S3Server) -> Place:
    """A bucket in which files are kept, whose server clients reach."""
    place = new_bucket(s3_server)
    configure(**place.settings())
    return place


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
