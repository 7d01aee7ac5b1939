"""The embedded servers start anywhere, come back after a kill, and never outlive their holder."""

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from local import binaries, process
from local.broker import EmbeddedBroker
from local.postgres import EmbeddedPostgres
from local.process import Child, StartFailed
from tests.waiting import wait_until

HOLDER = """
import sys, time
from pathlib import Path
from local.broker import EmbeddedBroker
from local.postgres import EmbeddedPostgres
folder = Path(sys.argv[1])
postgres, broker = EmbeddedPostgres(folder / "postgres"), EmbeddedBroker(folder / "broker")
postgres.start(), broker.start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def postgres(tmp_path):
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        yield server


@pytest.fixture
def broker(tmp_path):
    with EmbeddedBroker(tmp_path / "broker") as server:
        yield server


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def execute(server: EmbeddedPostgres, statement: str) -> list[tuple]:
    connection = psycopg.connect(server.url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_a_committed_row_outlives_the_kill_of_the_server(postgres):
    execute(postgres, "CREATE TABLE kept AS SELECT 1 AS one")
    url = postgres.url
    postgres.kill(signal.SIGKILL)
    postgres.start()
    assert postgres.url == url
    assert execute(postgres, "SELECT one FROM kept") == [(1,)]


def test_a_folder_serves_again_after_a_clean_stop_under_another_object(postgres, tmp_path):
    execute(postgres, "CREATE TABLE kept AS SELECT 1 AS one")
    postgres.stop()
    with EmbeddedPostgres(tmp_path / "postgres", settings={"log_min_duration_statement": "0"}) as again:
        assert execute(again, "SELECT one FROM kept") == [(1,)]
        assert execute(again, "SHOW log_min_duration_statement") == [("0",)]


def test_a_pid_left_behind_that_now_belongs_to_somebody_else_hinders_no_start(postgres, tmp_path):
    postgres.kill(signal.SIGKILL)
    wait_until(lambda: postgres.poll() is not None)
    pid_file = tmp_path / "postgres/cluster/postmaster.pid"
    _, *rest = pid_file.read_text().splitlines()
    with subprocess.Popen(["sleep", "60"], **postgres.spawn_options()) as somebody:
        pid_file.write_text("\n".join([str(somebody.pid), *rest]) + "\n")
        somebody.kill()
    postgres.start()
    assert execute(postgres, "SELECT 1") == [(1,)]


def test_durability_is_on_and_text_is_utf8(postgres):
    assert execute(postgres, "SHOW fsync") == [("on",)]
    assert execute(postgres, "SHOW synchronous_commit") == [("on",)]
    assert execute(postgres, "SELECT upper('é'), current_setting('server_encoding')") == [("É", "UTF8")]


def test_the_password_is_asked_for_and_kept_from_other_users(postgres, tmp_path):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url.replace(postgres.url.split(":")[2].split("@")[0], "wrong"))
    assert (tmp_path / "postgres/password").stat().st_mode & 0o777 == 0o600


def test_a_second_server_on_the_same_folder_is_refused_in_one_line(postgres, tmp_path, monkeypatch):
    monkeypatch.setattr(EmbeddedPostgres, "stop_timeout", 0.1)
    with pytest.raises(StartFailed, match="is used by another process"):
        EmbeddedPostgres(tmp_path / "postgres").start()


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(tmp_path):
    server = EmbeddedPostgres(tmp_path / "postgres", settings={"max_connections": "none"})
    with pytest.raises(StartFailed, match=r'invalid value for parameter "max_connections"'):
        server.start()
    assert not psutil.pid_exists(server.pid)


def test_programs_that_the_servers_user_cannot_reach_are_copied_once(tmp_path, monkeypatch):
    if binaries.postgres_user() is None:
        pytest.skip("only root hands over to another user")
    installed = binaries.postgres_programs().parent
    monkeypatch.setattr(binaries, "_open_to_all", lambda folder: folder != installed / "bin")
    monkeypatch.setattr(binaries.tempfile, "gettempdir", lambda: str(tmp_path))
    first = binaries.postgres_programs()
    assert first.is_relative_to(tmp_path)
    made = first.stat().st_ino
    assert binaries.postgres_programs().stat().st_ino == made
    (first / "initdb").unlink()
    assert (binaries.postgres_programs() / "initdb").exists()


def test_the_broker_comes_back_empty_on_the_same_port(broker):
    url = broker.url
    with redis.Redis.from_url(url) as client:
        client.lpush("urgent", "1")
    broker.kill(signal.SIGKILL)
    broker.start()
    assert broker.url == url
    with redis.Redis.from_url(url) as client:
        assert client.llen("urgent") == 0


@pytest.mark.parametrize("user", ["url", "flower_url"])
@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL",
        "CONFIG SET maxmemory 0",
        "ACL SETUSER part +@all",
        "KEYS *",
        "SET slip 1",
        "SHUTDOWN",
    ],
)
def test_nobody_in_the_broker_may_do_more_than_a_part_needs(broker, user, command):
    with redis.Redis.from_url(getattr(broker, user)) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


def test_flower_sees_how_long_a_lane_is_and_puts_nothing_there(broker):
    with redis.Redis.from_url(broker.url) as part, redis.Redis.from_url(broker.flower_url) as flower:
        part.lpush("default", "a slip")
        assert flower.llen("default") == 1
        for command in (["LPUSH", "default", "forged"], ["RPOP", "default"], ["DEL", "default"]):
            with pytest.raises(redis.exceptions.NoPermissionError):
                flower.execute_command(*command)


def test_the_broker_asks_for_its_password(broker):
    with socket.create_connection((process.LOOPBACK, broker.port)) as stranger:
        stranger.sendall(b"PING\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")


def test_kill_9_of_the_holder_leaves_nothing(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "started\n"
        children = psutil.Process(holder.pid).children(recursive=True)
        assert {"postgres", "valkey-server"} <= {child.name() for child in children}
        holder.kill()
    wait_until(lambda: not any(map(psutil.Process.is_running, children)), 10, "children outlived their holder")
    with EmbeddedPostgres(tmp_path / "postgres") as again:
        assert execute(again, "SELECT 1") == [(1,)]


class Family(Child):
    """A process with a child of its own that ignores every polite signal."""

    name = "family"
    stop_timeout = 0.2

    def __init__(self, script: str) -> None:
        super().__init__(self._hear)
        self._script, self.grandchild = script, 0

    def command(self) -> list[str]:
        return ["/bin/sh", "-c", self._script]

    def is_ready(self) -> bool:
        return bool(self.grandchild)

    def _hear(self, line: str) -> None:
        self.grandchild = int(line)


def test_what_a_part_started_goes_with_it():
    family = Family("sleep 600 & echo $!; wait")
    family.start()
    grandchild = psutil.Process(family.grandchild)
    family.kill(signal.SIGKILL)
    wait_until(lambda: family.poll() is not None)
    wait_until(lambda: not lives(grandchild), message="the grandchild outlived the part")


def test_a_process_that_does_not_want_to_stop_is_made_to():
    family = Family("trap '' TERM; sleep 600 & echo $!; while :; do wait; done")
    family.start()
    family.stop()
    assert family.poll() == -signal.SIGKILL


def test_a_child_that_ends_at_once_is_reported_with_its_last_words():
    with pytest.raises(StartFailed, match=r"(?s)family did not start: it ended with status 3.*"):
        Family("exit 3").start()


def test_children_are_refused_to_threads_because_they_would_die_with_them():
    refused = []

    def start() -> None:
        with pytest.raises(RuntimeError, match="main thread") as raised:
            Family("sleep 1").spawn()
        refused.append(raised)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert refused


def test_a_free_port_is_free_and_never_the_kernels_choice_for_a_client():
    port = process.free_port()
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert process.is_free(process.LOOPBACK, port)
    assert port < lowest
