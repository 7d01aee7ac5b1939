"""docs/webhooks.md is true: its commands work as they stand there, its message and tables are those of the code."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from domain.events.types import TYPES
from domain.webhooks import schedule, signatures
from settings import child_environment
from tests import bodies, chain
from tests.architecture.sources import ROOT
from tests.caller import Caller
from tests.integration.gateways.receivers import answering, serving
from tests.integration.webhooks.api import Api
from tests.integration.webhooks.hook import deliver, number
from tests.tenant import Tenant

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)
[(HEAD, BODY)] = re.findall(r"^```http\n(.*?)\n\n(.*?)\n```", PAGE, re.M | re.S)
[SECRET] = re.findall(r"^WEBHOOK_SECRET=(\S+)", PAGE, re.M)
# A function, so that a refusal ends the block; else curl takes a 400 for a success.
SCRIPT = 'set -e\ncurl() { command curl --fail-with-body "$@"; }\nKEY=cf_...\n'
SECONDS = {"s": 1, "min": 60, "h": 3600}


def run(block: str, folder: Path, changes: Mapping[str, str]) -> str:
    """Return what a block of the page prints, with that changed which is another on each machine."""
    text = SCRIPT + block
    for shown, here in changes.items():
        text = text.replace(shown, here)
    env = child_environment(PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    done = subprocess.run(["bash", "-c", text], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_its_commands_work_literally(api: Api, organization: Tenant, client: Caller, tmp_path: Path) -> None:
    with serving(answering()) as receiver:
        here = {
            "cf_...": organization.key,
            "http://127.0.0.1:8000": api.url,
            "https://hooks.example.com/counterfoil": receiver.url(path="/counterfoil"),
        }
        for block in COMMANDS:
            assert run(block, tmp_path, here), f"it prints nothing: {block}"
            deliver()
    signatures_sent = [request.count(b"v1,") for request in receiver.requests]
    assert signatures_sent == [1, 2, 2], "a ping, and twice again by both secrets: the dry run sends nothing"


def test_its_message_is_genuine_and_as_an_event_is_sent(tmp_path: Path, client: Caller, organization: Tenant) -> None:
    headers = dict(line.split(": ") for line in HEAD.splitlines()[1:])
    made = signatures.headers([SECRET], headers["webhook-id"], int(headers["webhook-timestamp"]), BODY.encode())
    assert {name: headers[name] for name in made} == made
    [verifies] = [block for block in COMMANDS if "counterfoil webhook verify" in block]
    assert run(verifies, tmp_path, {}) == "ok\n"
    assert (tmp_path / "body.json").read_text() == BODY
    assert client.get("/api/v1/events").json == []
    chain.submit(organization, "Client")
    chain.run_waiting("invoice.generate")
    number()
    assert shape(client.get("/api/v1/events").text) == shape(f"[{BODY}]")


def shape(text: str) -> str:
    return re.sub(r'(?<=: |":)("[^"]*"|[\d.]+)', "*", text)


def rows() -> Iterator[tuple[set[str], set[str]]]:
    """Yield the types of each row of the table of types, and the fields of their data."""
    for names, fields in re.findall(r"^\| (`[a-z_]+\.[a-z_]+`[^|]*)\|[^|]*\|([^|]*)\|$", PAGE, re.M):
        yield set(re.findall(r"`(.*?)`", names)), set(re.findall(r"`(.*?)`", fields))


def test_each_type_stands_in_its_table_with_the_fields_of_its_data(client: Caller, organization: Tenant) -> None:
    table = {name: fields for names, fields in rows() for name in names}
    assert sorted(table) == sorted(TYPES)
    table["invoice.credited"] |= table["invoice.issued"] - {"invoice.issued"}
    client.get("/api/v1/events")
    issued = client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id)).json["invoiceNumber"]
    client.post(f"/api/v1/invoices/{issued}/credit", {"reason": "Ordered twice"})
    chain.submit(organization, "Client")
    chain.run_waiting("invoice.generate")
    bodies.inventory(client)
    number()
    told = {event["type"]: set(event["data"]) for event in client.get("/api/v1/events").json}
    assert told.keys() >= {"invoice.issued", "invoice.credited", "sale.completed", "purchase.approved"}
    assert {name: unsaid for name, fields in told.items() if (unsaid := fields - table[name])} == {}


def test_its_schedule_is_the_one_that_is_kept() -> None:
    [row] = re.findall(r"^\| after the one before \| at once \|(.*)\|$", PAGE, re.M)
    delays = [cell.split() for cell in row.split("|")]
    assert [int(count) * SECONDS[unit] for count, unit in delays] == list(schedule.DELAYS_S)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (r"left alone for (\d+) seconds", schedule.FIRST_PAUSE_S),
        (r"up to (\d+) minutes", schedule.MAX_PAUSE_S / 60),
        (r"more than (\d+) seconds away", signatures.TOLERANCE_S),
    ],
)
def test_its_numbers_are_those_of_the_code(said: str, known: float) -> None:
    assert {float(number) for number in re.findall(said, PAGE)} == {known}
