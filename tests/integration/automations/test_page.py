"""docs/automations.md is true: its commands work as they stand there, and its automation does what is said of it."""

import re
from pathlib import Path

from tests import bodies, chain
from tests.architecture.sources import ROOT
from tests.caller import Caller
from tests.integration.automations.conftest import number, work
from tests.integration.webhooks.api import Api
from tests.integration.webhooks.test_page import run
from tests.tenant import Tenant

PAGE = (ROOT / "docs" / "automations.md").read_text()
MAKE, TRY = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)


def test_its_commands_work_literally(api: Api, organization: Tenant, client: Caller, tmp_path: Path) -> None:
    here = {"cf_...": organization.key, "http://127.0.0.1:8000": api.url}
    assert '"version": 1' in run(MAKE, tmp_path, here).replace('":1', '": 1')
    item = {"description": "Work", "quantity": 1, "unitPrice": 20000}
    issued = client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id, items=[item])).json
    client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    number()
    work()
    said = run(TRY, tmp_path, here)
    assert '"tested":2' in said.replace(" ", "")
    [done] = client.get("/api/v1/automations/1/runs").json
    assert done["status"] == "succeeded", done
    assert done["actions"][0]["result"]["note"] == f"Look at {issued['invoiceNumber']} of {issued['issueDate']}"
    job_id = done["actions"][1]["result"]["jobId"]
    assert chain.value("SELECT kind FROM jobs WHERE id = %s", job_id) == "accounting.recreate"
