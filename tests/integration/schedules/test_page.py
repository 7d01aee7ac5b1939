"""docs/schedules.md is true: its commands work as they stand there."""

import re
from pathlib import Path

from tests import bodies, chain
from tests.architecture.sources import ROOT
from tests.caller import Caller
from tests.integration.webhooks.api import listening
from tests.integration.webhooks.test_page import run
from tests.tenant import Tenant

LATER, AGAIN = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "schedules.md").read_text(), re.M | re.S)
JOBS = """SELECT count(*), count(*) FILTER (WHERE available_at > clock_timestamp() + interval '59 minutes')
    FROM jobs WHERE status = 'PENDING'"""


def test_its_commands_work_literally(client: Caller, organization: Tenant, tmp_path: Path) -> None:
    client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    chain.keep_books()
    with listening() as api:
        here = {"cf_...": organization.key, "http://127.0.0.1:8000": api.url}
        assert "Job created." in run(LATER, tmp_path, here)
        assert "has not ended yet" in run(LATER, tmp_path, here)
        assert chain.rows(JOBS) == [(1, 1)]
        said = run("KEY=cf_...\n" + AGAIN, tmp_path, here)
    assert '"meaning":"At 09:00 on Monday (Europe/Sofia)"' in said.replace('": ', '":')
    assert chain.rows(JOBS) == [(2, 1)]
    assert chain.rows("SELECT enabled FROM schedules WHERE name = 'Invoice 1 on Mondays'") == [(True,)]
