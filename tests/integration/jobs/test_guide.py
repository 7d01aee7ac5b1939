"""The guide to adding a job works: its code is run as it stands there."""

import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from counterfoil.crashkit.trial import NotCrashSafe
from domain.jobs import payloads, registry
from settings import child_environment
from tests.architecture.sources import ROOT, parse
from tests.architecture.test_layers import violations
from tests.integration.local.running_stack import RunningStack
from tests.waiting import wait_until

GUIDE = (ROOT / "docs" / "adding-a-job.md").read_text()
KIND, TESTS, CRASHES, ENQUEUE = re.findall(r"^```python\n(.*?)^```", GUIDE, re.M | re.S)
[PYPROJECT] = re.findall(r"^```toml\n(.*?)^```", GUIDE, re.M | re.S)
TAKE_ORDERS = """
import sys
from sqlalchemy import create_engine

with psycopg.connect(sys.argv[1]) as connection:
    connection.execute("CREATE TABLE orders (number int)")
    connection.commit()
    print(take_order_by_psycopg(connection, int(sys.argv[2]), 1, [PLACE | {"name": "By psycopg"}]))
with Session(create_engine(sys.argv[1].replace("postgresql:", "postgresql+psycopg:"))) as session, session.begin():
    print(take_order(session, int(sys.argv[2]), 2, [PLACE | {"name": "By SQLAlchemy"}]))
"""


def run(code: str, name: str) -> dict[str, Any]:
    module = types.ModuleType(name)
    exec(compile(code, f"docs/adding-a-job.md: {name}", "exec"), module.__dict__)
    return module.__dict__


@pytest.fixture(autouse=True)
def kind(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_kinds", registry._kinds.copy())
    run(KIND, "client_import")
    yield
    payloads._validator.cache_clear()


def guided(code: str, name: str) -> dict[str, Any]:
    return {name: test for name, test in run(code, name).items() if name.startswith("test_")}


GUIDED = guided(TESTS, "test_client_import")
[CRASH_TEST] = guided(CRASHES, "test_client_import_crashes").values()
IN_ITS_TRANSACTION = "clients.create(context.session, organization_id, fields)"
OUTSIDE_OF_IT = "[own := Transaction(engine()), clients.create(own, organization_id, fields), own.commit()]"
SESSION_OF_ITS_OWN = "from db.engine import engine\nfrom db.transaction import Transaction\n"


@pytest.mark.parametrize("test", GUIDED.values(), ids=GUIDED)
def test_the_guides(test: Callable[[Any], None], client):
    test(client)


def test_the_guides_kind_may_be_killed_at_every_point(every_point):
    CRASH_TEST(every_point)


def test_an_effect_outside_its_transaction_is_found_in_the_guides_kind(every_point):
    assert IN_ITS_TRANSACTION in KIND
    del registry._kinds["client.import"]
    run(SESSION_OF_ITS_OWN + KIND.replace(IN_ITS_TRANSACTION, OUTSIDE_OF_IT), "client_import")
    with pytest.raises(NotCrashSafe, match=r"^client\.import, killed after commit \(point \d+\): "):
        CRASH_TEST(every_point)


def test_the_guides_kind_imports_only_what_a_kind_may():
    assert list(violations(parse("tasks/kinds/client_import.py", KIND))) == []


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the guide's package is installed, as pip builds it from the guide's pyproject.toml."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "acme_kinds").mkdir()
    (source / "acme_kinds" / "__init__.py").touch()
    (source / "acme_kinds" / "client_import.py").write_text(KIND)
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    return folder


def test_its_package_brings_the_kind_to_every_part_and_to_a_program_of_ones_own(package, tmp_path):
    with RunningStack(tmp_path / "data", PYTHONPATH=str(package)) as stack:
        place = {"address_line1": "1 Main Street", "city": "Sofia", "country": "BG"}
        body = {"type": "client.import", "payload": {"clients": [place | {"name": "By HTTP"}]}}
        ids = [stack.client.post("/api/v1/jobs", body)[1]["jobId"]]
        organization_id = stack.client.get("/api/v1/me")[1]["organizationId"]
        ids += take_orders(f"PLACE = {place}\n", package, stack.facts["databaseOwnerUrl"], str(organization_id))
        for job_id in ids:
            wait_until(lambda: stack.client.get(f"/api/v1/jobs/{job_id}")[1]["status"] == "completed", 30)  # noqa: B023
        names = {client["name"] for client in stack.client.get("/api/v1/parties/clients")[1]}
    assert names == {"By HTTP", "By psycopg", "By SQLAlchemy"}


def take_orders(constants: str, package: Path, *arguments: str) -> list[int]:
    """Have a program that knows but a database's address and an organization take orders as the guide does."""
    command = [sys.executable, "-P", "-c", constants + ENQUEUE + TAKE_ORDERS, *arguments]
    env = child_environment(DATABASE_URL="", PYTHONPATH=str(package))
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return [int(line) for line in ended.stdout.split()]
