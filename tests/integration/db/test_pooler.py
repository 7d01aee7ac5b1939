"""PgBouncer before PostgreSQL, where it is installed: what it would take from the parts is seen before they start.

Section "A pooler" of docs/deployment.md says the same.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

import settings
from cli import preflight
from db.engine import engine, session_settings
from local.binaries import postgres_user
from local.process import LOOPBACK, Child, free_port
from settings import ConfigurationError
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.doctor.found import found

PROGRAM = shutil.which("pgbouncer")
CONFIGURATION = """
[databases]
{database} = host={host} port={server_port}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = {mode}
{more}
"""
IGNORED = "ignore_startup_parameters = extra_float_digits, options"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed (Debian: apt install pgbouncer)")


class PgBouncer(Child):
    """A PgBouncer before the database of this test."""

    name = "pgbouncer"

    def __init__(self, folder: Path, mode: str, more: str) -> None:
        super().__init__()
        self.port = free_port()
        self._folder = folder
        server = make_url(settings.current().database_url)
        (folder / "users").write_text(f'"{server.username}" "{server.password}"\n')
        (folder / "pgbouncer.ini").write_text(
            CONFIGURATION.format(
                database=server.database,
                host=LOOPBACK,
                server_port=server.port,
                port=self.port,
                users=folder / "users",
                mode=mode,
                more=more,
            )
        )
        self.url = server.set(port=self.port).render_as_string(hide_password=False)

    def command(self) -> list[str]:
        return [str(PROGRAM), str(self._folder / "pgbouncer.ini")]

    def environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin"}

    def spawn_options(self) -> dict:
        """Return who it runs as: it refuses root."""
        user = postgres_user()
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that whoever PgBouncer runs as can read; pytest's own are closed to others, at any depth."""
    with tempfile.TemporaryDirectory(prefix="cf-pooler-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def pooled(folder: Path, mode: str, more: str = "") -> Iterator[None]:
    """Have the settings point at a PgBouncer within the block."""
    with PgBouncer(folder, mode, more) as pooler:
        engine().dispose()
        configure(database_url=pooler.url)
        yield
        engine().dispose()


@contextmanager
def as_role_settings() -> Iterator[None]:
    """Have each session of the parts' role begin as the parts want theirs, whatever a pooler drops."""
    role = make_url(settings.current().database_url).username
    for name, value in session_settings().items():
        chain.ask(f"ALTER ROLE {role} SET {name} = '{value}'")
    try:
        yield
    finally:
        chain.ask(f"ALTER ROLE {role} RESET ALL")


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_that_refuses_the_settings_of_a_session_is_named(database, folder, mode):
    with (
        pooled(folder, mode),
        pytest.raises(ConfigurationError, match=r"^DATABASE_URL cannot be used: .*options: a pooler takes no settings"),
    ):
        preflight.require_database()


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_that_drops_the_settings_of_a_session_is_named_with_them(database, folder, mode):
    with pooled(folder, mode, IGNORED), pytest.raises(ConfigurationError) as refused:
        preflight.require_database()
    assert re.search(r"statement_timeout is 0 and not 15s.*enable_seqscan is on and not off", str(refused.value))
    assert "a pooler drops them" in str(refused.value)


def test_a_pooler_that_shares_sessions_is_refused_even_where_the_settings_stand(database, folder):
    with (
        as_role_settings(),
        pooled(folder, "transaction", IGNORED),
        pytest.raises(ConfigurationError, match="a pooler gives one session of the server to several of ours"),
    ):
        preflight.require_database()


def test_the_doctor_names_a_pooler_that_drops_settings(database, folder):
    with pooled(folder, "session", IGNORED):
        line = found("pooler")
    assert (line.verdict, "statement_timeout is 0 and not 15s" in line.measured) == ("wrong", True)


def test_the_doctor_names_a_pooler_that_shares_sessions(database, folder):
    with as_role_settings(), pooled(folder, "transaction", IGNORED):
        line = found("pooler")
    assert (line.verdict, "in transaction mode" in line.measured) == ("wrong", True)


def test_a_pooler_in_session_mode_serves_the_parts_if_their_role_has_the_settings(
    database, folder, lanes, organization
):
    with as_role_settings(), pooled(folder, "session", IGNORED):
        preflight.require_database()
        caller = Caller(organization.key)
        for _ in range(8):  # more often than it takes for a statement to be prepared
            assert caller.post(chain.GENERATE, bodies.invoice(organization.supplier_id)).status_code == 200
            chain.submit(organization, "Client")
            while chain.relay() + chain.work():
                pass
        assert chain.value("SELECT count(*) FROM invoices") == 16
