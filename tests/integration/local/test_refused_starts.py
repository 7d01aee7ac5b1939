"""A command that cannot start says why in one line, and leaves nothing behind."""

import re
import socket

import psycopg
import pytest

import settings
from tests.integration.local.running_stack import counterfoil

BAD_URLS = [
    {"DATABASE_URL": "nonsense"},
    {"DATABASE_URL": "mysql://user:pa55word@localhost/database"},
    {"DATABASE_URL": "postgresql://user:pa55word@localhost:port/database"},
    {"DATABASE_URL": "postgresql://user:pa55word@127.0.0.1:1/database"},
    {"DATABASE_URL": "postgresql://user:pa55word@nowhere.invalid/database"},
    {"BROKER_URL": "nonsense"},
    {"BROKER_URL": "http://localhost"},
    {"BROKER_URL": "redis://:pa55word@127.0.0.1:1/0"},
    {"BROKER_URL": "amqp://user:pa55word@127.0.0.1:1//"},
]


@pytest.mark.parametrize("environment", BAD_URLS, ids=lambda environment: "".join(environment.values()))
def test_a_bad_url_is_one_line_and_exit_status_2(tmp_path, environment):
    refused = counterfoil("up", "--data-dir", str(tmp_path), **environment)
    assert refused.returncode == 2
    assert re.fullmatch(rf"counterfoil: {next(iter(environment))} .*\n", refused.stderr)
    assert "pa55word" not in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize("part", ["api", "worker", "io", "ocr", "relay", "beat", "flower", "migrate"])
def test_a_part_without_a_database_says_what_to_set(part):
    refused = counterfoil(part)
    assert (refused.returncode, refused.stderr[:29]) == (2, "counterfoil: set DATABASE_URL")


def test_a_taken_port_is_refused_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = counterfoil("up", "--port", str(port), "--data-dir", str(tmp_path))
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"counterfoil: port {port} is taken")


def test_an_api_that_wants_more_connections_than_the_server_allows_says_so_and_ends(database):
    """The test server allows 200 connections."""
    refused = counterfoil("api", DATABASE_URL=database, COUNTERFOIL_API_THREADS="300")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "306 connections are wanted" in refused.stderr


def said(refused) -> str:
    """Return the one line of a command that could not start."""
    assert (refused.returncode, refused.stderr.count("\n"), refused.stdout) == (2, 1, ""), refused.stderr
    return refused.stderr


@pytest.mark.parametrize("path", ["/proc/none", "/dev/null/data"])
def test_a_folder_that_cannot_be_used_is_one_line(path):
    assert said(counterfoil("up", "--port", "0", "--data-dir", path)).startswith(
        f"counterfoil: --data-dir {path} cannot"
    )


def test_a_port_that_cannot_be_is_one_line(tmp_path):
    told = said(counterfoil("up", "--port", "99999", "--data-dir", str(tmp_path)))
    assert told == "counterfoil: --port must be a port, at most 65535, not 99999\n"


def test_an_api_whose_port_is_taken_is_one_line(database):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = counterfoil("api", DATABASE_URL=settings.current().database_url, COUNTERFOIL_API_PORT=port)
    assert "is taken" in said(refused)


@pytest.mark.parametrize("command", ["api", "worker", "io", "ocr", "relay", "beat", "flower", "keys list"])
def test_a_command_on_a_database_without_a_schema_says_to_migrate(database, command):
    with psycopg.connect(database) as connection:
        connection.execute("DROP TABLE alembic_version")
    assert "run `counterfoil migrate`" in said(counterfoil(*command.split(), DATABASE_URL=database))


def test_a_cluster_of_another_major_version_is_one_line(tmp_path):
    cluster = tmp_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("15\n")
    refused = counterfoil("up", "--port", "0", "--data-dir", str(tmp_path))
    assert "was made by PostgreSQL 15" in said(refused)
