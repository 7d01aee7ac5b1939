"""A transfer of 300 lines is watched in a browser to its end, while the worker that moves it is killed."""

import pytest
from playwright.sync_api import Page, expect

from domain import master_keys
from local.process import LOOPBACK, free_port
from tests.browser import PASSWORD, person
from tests.faults.conftest import chain  # noqa: F401
from tests.faults.load import fetch, slow_commits, value
from tests.faults.processes import Chain
from tests.tenant import Tenant
from tests.waiting import wait_until
from tests.warehouse import Warehouse, stocked

LINES = 300
MOVED = "SELECT count(*) FROM movements WHERE step = 'send'"
INTERRUPTED = "SELECT count(*) FROM observed_moves WHERE before = 'PROCESSING' AND after = 'PENDING'"
TWICE = "SELECT line_number FROM movements WHERE step = 'send' GROUP BY 1 HAVING count(*) > 1"


@pytest.fixture
def warehouse(chain: Chain, organization: Tenant) -> Warehouse:  # noqa: F811
    """Goods for 300 lines; each ten of them take a moment to move."""
    warehouse = stocked(organization, *[1000] * 20)
    slow_commits("movements", seconds=0.4)
    return warehouse


def test_the_bar_of_a_transfer_runs_to_its_end_while_the_worker_is_killed(
    chromium,
    chain: Chain,  # noqa: F811
    warehouse: Warehouse,
) -> None:
    port = free_port()
    api = chain.spawn("api", api_port=port, api_threads=4, master_keys=master_keys.new_key())
    api.health = f"http://{LOOPBACK}:{port}/api/v1/health"
    _, worker = chain.start("relay", "worker", worker_concurrency=1)
    chain.start("beat")
    chain.await_ready(api)
    with chromium.new_context(base_url=f"http://{LOOPBACK}:{port}/console/", locale="en-GB") as context:
        page = context.new_page()
        log_in(page, warehouse.tenant)
        draft(page, warehouse)
        page.get_by_role("button", name="Send").click()
        page.wait_for_url("**/transfers/1")
        page.evaluate("window.was = 'never reloaded'")
        wait_until(lambda: value(MOVED) >= 50, 30)
        worker.die()
        worker.kill_children()
        assert 0 < value(MOVED) < LINES - 50, "it was killed in the middle"
        chain.start("worker", worker_concurrency=1)
        bar = page.get_by_role("progressbar")
        expect(bar).not_to_have_attribute("value", "0")
        expect(page.get_by_role("status").last).to_contain_text("Done: 300 lines", timeout=40_000)
        expect(bar).to_have_attribute("value", str(LINES))
        expect(page.get_by_role("button", name="Complete")).to_be_visible()
        assert page.evaluate("window.was") == "never reloaded"
    assert (value(MOVED), fetch(TWICE)) == (LINES, [])
    assert value("SELECT status FROM transfers") == "sent"
    assert value(INTERRUPTED) > 0, "the worker was killed between two jobs"


def log_in(page: Page, tenant: Tenant) -> None:
    page.goto("login")
    page.get_by_label("E-mail address").fill(person(tenant.id, "clerk"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/console/")


def draft(page: Page, warehouse: Warehouse) -> None:
    """Draft the transfer by hand: its lines are pasted from a spreadsheet."""
    page.goto("transfers/new")
    page.get_by_label("From").select_option("Here")
    page.get_by_label("To").select_option("There")
    page.get_by_label("Or paste many lines").fill("\n".join(f"SKU-{n % 20 + 1}\t2" for n in range(LINES)))
    page.get_by_role("button", name="Make the draft").click()
    page.wait_for_url("**/transfers/1?told=drafted")
