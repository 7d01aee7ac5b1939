"""`counterfoil doctor` and its endpoint: a line for each check, and what only the command can see."""

import json
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result

import settings
from cli.doctor import ports
from cli.main import counterfoil
from domain.doctor import storage
from domain.doctor.checks import CHECKS, COMMAND_CHECKS
from local.binaries import valkey_program
from local.process import LOOPBACK, Child, free_port, run
from settings import child_environment, variable
from tests.conftest import configure, execute
from tests.integration.doctor.test_processes import PARTS, beat
from tests.waiting import wait_until

NAMES = [*(name for name, _ in CHECKS), *COMMAND_CHECKS]
ADDRESS = ports.own_address() or LOOPBACK
on_a_network = pytest.mark.skipif(ADDRESS == LOOPBACK, reason="this machine has no address but loopback")


def doctor(*options: str) -> Result:
    return CliRunner().invoke(counterfoil, ["doctor", *options])


def found(check: str) -> dict[str, str]:
    return {one["check"]: one for one in json.loads(doctor("--json").output)["checks"]}[check]


@pytest.fixture
def admin(broker: str) -> Iterator[redis.Redis]:
    """The broker, as its administrator; it keeps to its configuration in the end."""
    with redis.Redis.from_url(broker, decode_responses=True) as client:
        before = {name: client.config_get(name)[name] for name in ("maxmemory", "maxmemory-policy", "appendonly")}
        yield client
        for name, value in before.items():
            client.config_set(name, value)
        client.config_resetstat()  # which counts the snapshots


def test_a_line_for_each_check_and_the_exit_status_of_the_worst(database, broker, storage_folder, monkeypatch):
    for limit in ("MIN_FREE", "LITTLE_FREE"):  # the tests' own disk may be nearly full
        monkeypatch.setattr(storage, limit, 0)
    beat(*PARTS)
    well = doctor()
    assert (well.exit_code, [line.split()[:2] for line in well.output.splitlines()]) == (
        0,
        [["ok", name] for name in NAMES],
    )
    configure(cron_secret="guess")
    assert ("wrong    secrets " in doctor().output, doctor().exit_code) == (True, 1)


def test_a_warning_leaves_the_exit_status_alone(database, broker, monkeypatch):
    monkeypatch.setattr(storage, "MIN_FREE", 0)
    beat("api", "relay", "worker", "io", "ocr")
    shown = doctor("--json")
    assert (json.loads(shown.output)["verdict"], shown.exit_code) == ("warning", 0)


def test_the_endpoint_shows_the_same_and_says_what_it_cannot_see(operator, broker):
    answer = operator.get("/api/v1/admin/doctor").json
    command = json.loads(doctor("--json").output)
    assert answer["verdict"] == command["verdict"] == "wrong"
    assert [one["check"] for one in answer["checks"]] == [one["check"] for one in command["checks"]] == NAMES
    told = {one["check"]: one["verdict"] for one in answer["checks"]}
    assert {name: told[name] for name in COMMAND_CHECKS} == dict.fromkeys(COMMAND_CHECKS, "unknown")
    assert told["parts"] == "wrong", "no part runs"


def test_a_database_that_does_not_answer_hides_the_rest_but_not_broker_and_storage(database, admin, storage_folder):
    configure(database_url=f"postgresql://part:password@{LOOPBACK}:{free_port()}/counterfoil")
    shown = doctor("--json")
    verdicts = {one["check"]: one["verdict"] for one in json.loads(shown.output)["checks"]}
    hidden = {name: "unknown" for name, _ in CHECKS[1:]}
    assert (shown.exit_code, verdicts) == (
        1,
        {"database": "wrong"} | hidden | dict.fromkeys(COMMAND_CHECKS, "ok"),
    )


def test_timeouts_out_of_order_stop_the_doctor_as_they_stop_every_part(database):
    environment = child_environment(DATABASE_URL=database, COUNTERFOIL_LEASE="30")
    done = run([sys.executable, "-m", "cli", "doctor"], env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert "COUNTERFOIL_TASK_TIMEOUT (30 s) must be shorter than COUNTERFOIL_LEASE (30 s)" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "judged"),
    [
        ("maxmemory-policy", "allkeys-lru", "wrong"),
        ("maxmemory-policy", "volatile-ttl", "warning"),
        ("maxmemory", "0", "warning"),
    ],
)
def test_a_broker_that_drops_messages_or_knows_no_limit(database, admin, name, value, judged):
    assert found("broker")["verdict"] == "ok"
    admin.config_set(name, value)
    line = found("broker")
    assert (line["verdict"], f"Set {name}" in line["remedy"]) == (judged, True)


def test_a_broker_that_logs_its_commands_or_saves_snapshots(database, admin):
    assert found("persistence")["verdict"] == "ok"
    admin.config_set("appendonly", "yes")
    assert (found("persistence")["verdict"], "log" in found("persistence")["measured"]) == ("warning", True)
    admin.config_set("appendonly", "no")
    save(admin)
    assert (found("persistence")["verdict"], "snapshots" in found("persistence")["measured"]) == ("warning", True)


def test_a_broker_whose_snapshots_fail(database, admin):
    hurdle = Path(admin.config_get("dir")["dir"], "dump.rdb")
    hurdle.unlink(missing_ok=True)
    (hurdle / "in the way").mkdir(parents=True)
    try:
        save(admin)
        line = found("persistence")
        assert (line["verdict"], "refuse every message" in line["measured"]) == ("wrong", True)
    finally:
        shutil.rmtree(hurdle)
        save(admin)


def save(admin: redis.Redis) -> None:
    """Have the broker save a snapshot, and wait until it has tried to."""

    def is_idle() -> bool:
        return not admin.info("persistence")["rdb_bgsave_in_progress"]

    wait_until(is_idle)
    admin.bgsave()
    wait_until(is_idle)


def test_a_broker_that_is_away_or_tells_nothing(database, admin):
    admin.execute_command("ACL", "SETUSER", "part", "-info")
    try:
        assert (found("broker")["verdict"], "+info" in found("broker")["remedy"]) == ("unknown", True)
    finally:
        admin.execute_command("ACL", "SETUSER", "part", "+info")
    configure(broker_url=f"redis://part:password@{LOOPBACK}:{free_port()}/0")
    assert (found("broker")["verdict"], found("persistence")["verdict"]) == ("wrong", "unknown")
    configure(broker_url="")
    assert (found("broker")["verdict"], found("persistence")["verdict"]) == ("unknown", "unknown")


def test_a_broker_on_this_machine_without_a_password(database, admin):
    assert found("ports")["verdict"] == "ok"
    admin.execute_command("ACL", "SETUSER", "default", "on", "nopass", "+ping", "+hello")
    try:
        line = found("ports")
        assert (line["verdict"], f"the broker at {LOOPBACK}" in line["measured"]) == ("warning", True)
    finally:
        admin.execute_command("ACL", "SETUSER", "default", "reset", "off")


def test_a_database_on_this_machine_without_a_password(database, postgres):
    rules = Path(postgres._folder.path, "cluster", "pg_hba.conf")
    before = rules.read_text()
    rules.write_text(f"host all all {LOOPBACK}/32 trust\n{before}")
    try:
        execute(database, "SELECT pg_reload_conf()")
        wait_until(lambda: found("ports")["verdict"] == "warning", 10, "the open database was not seen")
        assert f"the database at {LOOPBACK}" in found("ports")["measured"]
    finally:
        rules.write_text(before)
        execute(database, "SELECT pg_reload_conf()")
        wait_until(lambda: found("ports")["verdict"] == "ok", 10, "the database stayed open")


class Listener(Child):
    """A program that listens at this machine's address on the network."""

    def __init__(self, name: str, port: int, command: list[str], environment: dict[str, str]) -> None:
        super().__init__()
        self.name, self._port, self._command, self._environment = name, port, command, environment

    def command(self) -> list[str]:
        return self._command

    def environment(self) -> dict[str, str]:
        return self._environment

    def is_ready(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex((ADDRESS, self._port)) == 0


@on_a_network
def test_a_broker_on_the_network_without_a_password(database):
    port = free_port()
    place = ["--port", str(port), "--bind", ADDRESS, "--protected-mode", "no", "--save", ""]
    may = ["--user", "default", "on", "nopass", "-@all", "+ping", "+hello"]
    configure(broker_url=f"redis://part:password@{ADDRESS}:{port}/0")
    with Listener("broker", port, [str(valkey_program()), *place, *may], {"PATH": "/usr/bin:/bin"}):
        line = found("ports")
        assert (line["verdict"], line["measured"]) == (
            "wrong",
            f"without a password one gets into the broker at {ADDRESS}",
        )


@on_a_network
def test_flower_on_the_network_without_a_password(database, broker):
    port = free_port()
    configure(flower_port=port)
    command = [sys.executable, "-m", "celery", "-A", "tasks.app", "flower", f"--address={ADDRESS}", f"--port={port}"]
    environment = {name: getattr(settings.current(), name) for name in ("database_url", "broker_url")}
    environment = child_environment(**{variable(name): value for name, value in environment.items()})
    with Listener("flower", port, command, environment):
        line = found("ports")
        assert (line["verdict"], f"Flower at {ADDRESS}" in line["measured"]) == ("wrong", True)


def test_a_storage_that_takes_no_file(database, broker, storage_folder):
    assert found("storage")["verdict"] == "ok"
    assert storage_folder.folder
    shutil.rmtree(storage_folder.folder)
    storage_folder.folder.write_text("a file")
    assert found("storage")["verdict"] == "wrong"
    assert "Not a directory" in found("storage")["measured"]


def test_a_storage_that_is_away_now(database, broker, storage_bucket):
    assert found("storage")["verdict"] == "ok"
    configure(**storage_bucket.settings(storage_endpoint=f"http://{LOOPBACK}:{free_port()}"))
    assert found("storage")["verdict"] == "warning"
    configure(**storage_bucket.settings(storage_secret_key="guess"))
    assert (found("storage")["verdict"], "403" in found("storage")["measured"]) == ("wrong", True)
    configure(storage_url="")
    assert found("storage")["verdict"] == "unknown"
