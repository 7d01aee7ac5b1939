"""The first page: what needs somebody, the charts beside it, and what it weighs."""

import pytest
from playwright.sync_api import expect

from domain.jobs.lifecycle import Status
from tests import chain
from tests.integration.jobs.test_moves import bring
from tests.pages.looks import MAX_BYTES, check

HOURS = """INSERT INTO wait_statistics (hour, worker, lane, organization_id, wait_counts)
    SELECT date_trunc('hour', clock_timestamp()) - make_interval(hours => h), '', 'default', 1,
        ARRAY[900 - 30 * h, 400, 200, 90, 60, 30, 20, 9, 4, 1, 0, 0, 0, 0, 0] FROM generate_series(0, 23) AS h
    WHERE h NOT IN (4, 5)"""


@pytest.fixture
def busy(organization):
    """An organization with a day's work, in which a job has failed and a webhook fails."""
    chain.ask(HOURS)
    chain.ask(
        """INSERT INTO webhooks (organization_id, url, event_types, secret, failing_since)
        VALUES (1, 'https://a.example', '{*}', '', clock_timestamp() - interval '2 days')"""
    )
    bring(organization.id, Status.FAILED)


def test_an_owner_reads_what_is_wrong_and_how_the_work_goes(log_in, busy, organization):
    page = log_in("owner")
    expect(page.get_by_role("link", name="One job failed lately.")).to_be_visible()
    expect(page.get_by_role("img", name="Jobs a minute")).to_be_visible()
    expect(page.locator("[data-chart] canvas")).to_have_count(2)
    page.get_by_text("The numbers").click()
    expect(page.locator("#hours tbody tr")).to_have_count(24)
    check(page)
    with page.expect_response("**/live"):
        page.reload()
    page.get_by_text("The numbers").click()
    bring(organization.id, Status.FAILED)
    expect(page.get_by_role("link", name="2 jobs failed lately.")).to_be_visible()
    expect(page.locator("#hours")).to_be_visible()
    expect(page.locator("[data-chart] canvas")).to_have_count(2)


def test_an_operator_reads_what_is_wrong_with_the_installation(log_in, busy):
    page = log_in("operator")
    expect(page.get_by_text("No relay runs")).to_be_visible()
    expect(page.get_by_text("is looking")).to_have_count(0, timeout=10_000)
    expect(page.locator("[data-chart] canvas")).to_have_count(2)
    check(page, "home-operator")


def test_all_is_well(log_in):
    page = log_in("owner")
    expect(page.get_by_text("All is well")).to_be_visible()
    check(page, "home-well")


def test_the_first_page_is_small_with_nothing_kept_of_it(log_in, busy, context):
    page = log_in("owner")
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda one: sizes.append(one["encodedDataLength"]))
    page.reload()
    expect(page.locator("[data-chart] canvas")).to_have_count(2)
    assert len(sizes) >= 7
    assert sum(sizes) < MAX_BYTES
