"""Jobs and failures by hand: found, looked at, and tried again or cancelled together, with a bar that moves."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from db.transaction import transaction
from domain.events import feed
from domain.events.telling import owe_sequence
from domain.jobs.bulk import CANCEL
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.integration.jobs import fragile
from tests.pages.looks import check


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    with fragile.registered():
        yield


def test_what_failed_alike_is_tried_again_and_the_bar_moves(log_in, organization):
    fragile.failed(organization.id, 120)
    page = log_in("accountant")
    page.get_by_role("link", name="Failures").click()
    check(page)
    page.get_by_role("link", name=fragile.SHAPE).click()
    check(page, "failure")
    page.get_by_label("Jobs a second").fill("100")
    page.get_by_role("button", name="Try 120 jobs again").click()
    expect(page.get_by_role("status")).to_contain_text("It has begun")
    job_id = int(page.url.partition("/jobs/")[2].partition("?")[0])
    bar = page.get_by_role("main").locator(".progress").first
    expect(bar).to_contain_text("0 / 120")
    fragile.turn(job_id)
    expect(bar).to_contain_text("2 / 120")
    chain.run_waiting(fragile.NAME)
    fragile.turn(job_id)
    expect(bar).to_contain_text("102 / 120")
    check(page, "job-under-way")
    fragile.broken.update(range(1, 121))
    chain.run_waiting(fragile.NAME)
    fragile.turn(job_id)
    expect(page.get_by_role("heading", level=1)).to_contain_text("failed")
    expect(page.get_by_text("stopped by itself").first).to_be_visible()
    check(page, "job-stopped")


def test_all_that_match_are_cancelled_after_they_were_counted(log_in, organization):
    fragile.failed(organization.id, 3)
    for number in range(4):
        chain.submit(organization, f"Client {number}")
    page = log_in("owner")
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_label("Type").fill("invoice.generate")
    page.get_by_label("State").select_option("pending")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(5)
    check(page, "jobs")
    page.get_by_role("link", name="Cancel them").click()
    expect(page.get_by_text("4 jobs would be cancelled.")).to_be_visible()
    check(page, "jobs-cancel")
    page.get_by_role("button", name="Cancel 4 jobs").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("pending")
    run_jobs(find(CANCEL), [int(page.url.partition("/jobs/")[2].partition("?")[0])])
    expect(page.get_by_role("heading", level=1)).to_contain_text("completed")
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.locator(".state.cancelled")).to_have_count(4)
    page.goto("jobs/retry")
    check(page, "jobs-retry")


def test_the_way_of_a_job_can_be_read(log_in, organization):
    with transaction() as session:
        feed.open_stream(session, organization.id)
    job_id = chain.submit(organization, "Ada")
    page = log_in("owner")
    page.goto(f"jobs/{job_id}")
    expect(page.get_by_role("listitem").filter(has_text="accepted")).to_be_visible()
    check(page, "job-waits")
    run_jobs(find("invoice.generate"), [job_id])
    expect(page.get_by_role("heading", level=1)).to_contain_text("completed")
    with transaction() as session:
        owe_sequence(session, organization.id)
    chain.run_waiting("events.sequence")
    page.reload()
    for word in ("accepted", "claimed", "committed", "told"):
        expect(page.get_by_role("listitem").filter(has_text=word).first).to_be_visible()
    check(page, "job")
