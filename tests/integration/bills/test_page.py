"""docs/bills.md is true: its commands work as they stand there, its table has every status."""

import re
import subprocess
from functools import partial
from pathlib import Path

from domain.bills.status import Status
from settings import child_environment
from tests.architecture.sources import ROOT
from tests.integration.bills.papers import pdf, work
from tests.integration.webhooks.api import listening
from tests.tenant import Tenant

PAGE = (ROOT / "docs" / "bills.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)
# A function, so that a refusal ends the block; else curl takes a 400 for a success.
SCRIPT = 'set -e\ncurl() { command curl --fail-with-body "$@"; }\nKEY=cf_...\n'


def test_its_commands_work_literally(organization: Tenant, tmp_path: Path) -> None:
    (tmp_path / "bill.pdf").write_bytes(pdf())
    with listening() as api:
        for block in COMMANDS:
            text = (SCRIPT + block).replace("cf_...", organization.key).replace("http://127.0.0.1:8000", api.url)
            run = partial(subprocess.run, env=child_environment(PATH="/usr/bin:/bin"), capture_output=True, text=True)
            done = run(["bash", "-c", text], cwd=tmp_path, timeout=60)
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
            work()
    assert '"status":"approved"' in done.stdout.replace(": ", ":")


def test_its_table_has_every_status() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])} == {*Status}
