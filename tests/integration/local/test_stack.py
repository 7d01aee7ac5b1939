"""`counterfoil up` says what runs where, brings back what dies, and leaves nothing behind."""

import base64
import json
import re
import signal
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import requests

from console.access import COOKIE
from local.broker import EmbeddedBroker
from local.postgres import EmbeddedPostgres
from tests import bodies
from tests.integration.local.running_stack import RunningStack, counterfoil, lives
from tests.waiting import wait_until

FACTS = [
    "url", "consoleUrl", "docsUrl", "flowerUrl", "apiKey", "supplierId", "email", "password",
    "databaseUrl", "databaseOwnerUrl", "brokerUrl", "secretsIn", "pids",
]  # fmt: skip
ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL")
GENERATE = "/api/v1/invoices/generate"
KEEPERS = ("api", "worker", "io", "ocr")
PARTS = ["api", "relay", "worker", "io", "ocr", "beat", "postgres", "broker"]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("stack") / "data"


@pytest.fixture(scope="module")
def stack(data_dir):
    with RunningStack(data_dir) as stack:
        yield stack


def test_the_ready_line_names_everything_a_caller_needs(stack):
    assert list(stack.facts) == FACTS
    assert set(stack.facts["pids"]) == {*PARTS, "flower"}
    assert all(map(psutil.pid_exists, stack.facts["pids"].values()))


@pytest.mark.parametrize("page", ["consoleUrl", "docsUrl", "flowerUrl"])
def test_the_pages_it_names_open(stack, page):
    with urllib.request.urlopen(stack.facts[page], timeout=10) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("part", ["worker", "io", "ocr"])
def test_flower_shows_each_worker_though_that_tells_it_little(stack, part):
    workers = f"{stack.facts['flowerUrl']}/workers?json=1"

    def name() -> str | None:
        with urllib.request.urlopen(workers, timeout=10) as answer:
            names = [row["hostname"] for row in json.load(answer)["data"]]
        return next((one for one in names if one.startswith((f"{part}-", f"{part}@"))), None)

    page = f"{stack.facts['flowerUrl']}/worker/{wait_until(name, 30, f'Flower knows no {part}')}"
    with urllib.request.urlopen(page, timeout=30) as answer:
        assert (answer.status, part.encode() in answer.read()) == (200, True)


def test_the_database_it_names_is_the_one_in_use(stack):
    connection = psycopg.connect(stack.facts["databaseUrl"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM suppliers WHERE id = %s", [stack.facts["supplierId"]])
        assert cursor.fetchone() == (1,)
    connection.close()


def test_every_other_line_names_its_part(stack):
    parts = "|".join([*PARTS, "flower", "migrate"])
    strangers = [line for line in stack.lines if not re.match(rf"({parts}) +\| |ready |restarted ", line)]
    assert strangers == []


SPOILED = """
    INSERT INTO jobs (organization_id, kind, lane, max_attempts, payload)
    SELECT organization_id, 'invoice.generate', 'default', 1, '{"supplier_id": "canary"}' FROM suppliers RETURNING id
"""
DOUBLED = """
    INSERT INTO clients (organization_id, name, address_line1, city, country, tax_id, tax_key, contact)
    SELECT organization_id, name, address_line1, city, country, tax_id, tax_key, contact FROM clients
"""


def test_no_line_holds_a_secret_or_what_a_caller_sent(stack):
    body = bodies.invoice(stack.facts["supplierId"], notes="canary", client=bodies.CLIENT | {"name": "canary"})
    racing = body | {"client": bodies.CLIENT | {"name": "canary", "taxId": "canary"}}
    with psycopg.connect(stack.facts["databaseUrl"]) as connection, ThreadPoolExecutor(8) as callers:
        calls = [callers.submit(stack.client.post, GENERATE, racing) for _ in range(16)]
        assert {call.result()[0] for call in calls} == {200}
        for bad in (body | {"client": {"id": 10**9}}, body | {"currencyCode": "canary"}, body | {"canary": 1}):
            assert stack.client.post(GENERATE, bad)[0] == 400
        stack.client.get("/api/v1/invoices/canary")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(DOUBLED)
        connection.rollback()
        job_id = connection.execute(SPOILED).fetchone()[0]
        connection.commit()
        status = "SELECT status FROM jobs WHERE id = %s"
        wait_until(lambda: connection.execute(status, [job_id]).fetchone() == ("FAILED",), 30, "it did not fail")
    password = urlsplit(stack.facts["databaseUrl"]).password
    spoken = [line for line in stack.lines if not line.startswith("ready ")]
    assert [line for line in spoken if any(s in line for s in ("canary", stack.facts["apiKey"], password))] == []


def test_its_owner_logs_in_with_the_password_that_is_kept(stack, data_dir):
    kept = json.loads((data_dir / "access.json").read_text())["embedded"]
    form = {"email": kept["email"], "password": kept["password"]}
    with requests.Session() as browser:
        browser.post(stack.facts["consoleUrl"] + "login", form, timeout=10)
        # A browser takes the cookie on this machine without https as well.
        cookie = {"Cookie": f"{COOKIE}={browser.cookies.get(COOKIE)}"}
        home = requests.get(stack.facts["consoleUrl"], headers=cookie, timeout=10)
    assert "First organization" in home.text


def test_what_opens_the_stack_is_kept_from_other_users(stack, data_dir):
    kept = json.loads((data_dir / "access.json").read_text())["embedded"]
    assert kept == {name: stack.facts[name] for name in kept}
    secrets = [
        stack.facts["apiKey"],
        stack.facts["password"],
        *(word for name in stack.facts if name[-3:] == "Url" and (word := urlsplit(stack.facts[name]).password)),
    ]
    files = [path for path in data_dir.rglob("*") if path.is_file() and "cluster" not in path.parts]
    telling = [path for path in files if any(secret in path.read_text() for secret in secrets)]
    assert {path.name for path in telling} >= {"access.json", "valkey.conf", "password", "part_password"}
    assert [path for path in telling if path.stat().st_mode & 0o077] == []


def test_each_part_knows_no_address_but_its_own(stack):
    known = {part: psutil.Process(stack.facts["pids"][part]).environ() for part in ("api", "relay", "worker", "flower")}
    users = {
        part: {name: urlsplit(environment[name]).username for name in environment if name in ADDRESSES}
        for part, environment in known.items()
    }
    part = {"DATABASE_URL": "counterfoil_part", "DATABASE_OWNER_URL": None, "BROKER_URL": "part"}
    assert users == {
        "api": part | {"BROKER_URL": None},
        "relay": part,
        "worker": part,
        "flower": part | {"BROKER_URL": "flower"},
    }


def handed(stack: RunningStack) -> dict[str, list[str]]:
    """Return the master keys, and the name of their file, that each process of the stack was given."""
    given = {part: psutil.Process(pid).environ() for part, pid in stack.facts["pids"].items() if pid}
    return {
        part: [value for name, value in environment.items() if name.startswith("COUNTERFOIL_MASTER_KEYS") and value]
        for part, environment in given.items()
    }


def test_the_api_and_the_workers_alone_are_handed_the_master_key_and_nobody_else_reads_it(stack, data_dir):
    kept = data_dir / "master.key"
    key = kept.read_text()
    assert (kept.stat().st_mode & 0o777, len(base64.b64decode(key))) == (0o600, 32)
    assert handed(stack) == {part: [] for part in (*PARTS, "flower")} | {part: [key] for part in KEEPERS}
    assert [line for line in stack.lines if key in line] == []


def test_files_are_kept_in_the_data_folder_by_those_who_need_them(stack, data_dir):
    given = {part: psutil.Process(pid).environ() for part, pid in stack.facts["pids"].items() if pid}
    urls = {part: url for part, environment in given.items() if (url := environment.get("COUNTERFOIL_STORAGE_URL"))}
    assert urls == dict.fromkeys(KEEPERS, (data_dir / "files").as_uri())


def test_a_second_one_on_the_same_folder_is_refused_in_one_line(stack, data_dir):
    refused = counterfoil("up", "--port", "0", "--data-dir", str(data_dir))
    assert refused.returncode == 2
    assert re.fullmatch(r"counterfoil: another `counterfoil up` runs on .*\n", refused.stderr)


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_brought_back_and_the_chain_works_on(stack, part):
    before = int(getattr(last_restart(stack, part), "group", lambda _: stack.facts["pids"][part])(1))
    psutil.Process(before).kill()
    wait_until(lambda: last_restart(stack, part, other_than=before), 60, f"{part} was not restarted")
    assert re.fullmatch(r"INV-\d{6}", stack.issue_one())


@pytest.mark.parametrize(
    "part", ["relay", *(pytest.param(part, marks=pytest.mark.chaos) for part in ("worker", "io", "ocr"))]
)
def test_a_part_that_hangs_is_killed_and_started_again(stack, part):
    before = int(getattr(last_restart(stack, part), "group", lambda _: stack.facts["pids"][part])(1))
    psutil.Process(before).suspend()
    wait_until(lambda: last_restart(stack, part, other_than=before), 90, f"{part} was left hanging")
    assert re.fullmatch(r"INV-\d{6}", stack.issue_one())


def last_restart(stack: RunningStack, part: str, other_than: int = 0) -> re.Match | None:
    found = [match for line in stack.lines if (match := re.fullmatch(rf"restarted {part} pid=(\d+)", line))]
    return found[-1] if found and int(found[-1][1]) != other_than else None


def test_sigterm_leaves_nothing_and_kill_9_leaves_nothing_and_the_next_up_knows_the_same_key(tmp_path):
    with RunningStack(tmp_path / "data") as stack:
        number = stack.issue_one()
        stopped = stack.all_processes()
        master_key = (tmp_path / "data" / "master.key").read_text()
        stack.process.send_signal(signal.SIGTERM)
        assert stack.process.wait(20) == 0
        wait_until(lambda: not any(map(lives, stopped)), 2, "something was left behind")

    with RunningStack(tmp_path / "data") as again:
        assert again.facts["apiKey"] == stack.facts["apiKey"]
        assert again.facts["supplierId"] == stack.facts["supplierId"]
        assert (tmp_path / "data" / "master.key").read_text() == master_key
        assert again.client.get(f"/api/v1/invoices/{number}")[0] == 200
        killed = again.all_processes()
        again.process.kill()
        wait_until(lambda: not any(map(lives, killed)), 5, "something outlived kill -9 of `counterfoil up`")


@pytest.mark.parametrize(
    "variable", [pytest.param("COUNTERFOIL_MASTER_KEYS", marks=pytest.mark.chaos), "COUNTERFOIL_MASTER_KEYS_FILE"]
)
def test_given_urls_and_keys_are_used_and_nothing_is_embedded(tmp_path, variable):
    key, file = base64.b64encode(bytes(range(32))).decode(), tmp_path / "keys"
    file.write_text(f"{key}\n")
    given = {variable: str(file) if variable.endswith("FILE") else key}
    with (
        EmbeddedPostgres(tmp_path / "postgres") as postgres,
        EmbeddedBroker(tmp_path / "broker") as broker,
        RunningStack(tmp_path / "data", DATABASE_URL=postgres.url, BROKER_URL=broker.url, **given) as stack,
    ):
        assert {part: keys for part, keys in handed(stack).items() if keys} == {part: [key] for part in KEEPERS}
        assert not (tmp_path / "data" / "master.key").exists()
        assert stack.facts["databaseUrl"] == postgres.url
        assert stack.facts["brokerUrl"] == broker.url
        assert (stack.facts["pids"]["postgres"], stack.facts["pids"]["broker"]) == (None, None)
        assert stack.issue_one() == "INV-000001"
