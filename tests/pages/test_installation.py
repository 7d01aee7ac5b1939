"""What the people on call see of the installation, and the brakes."""

import pytest
from playwright.sync_api import expect

from db import presence
from db.presence import Process
from db.transaction import transaction
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.pages.looks import check


def live(part: str, host: str, *lanes: str) -> None:
    """Have a process of a part give a sign of life."""
    with transaction() as session:
        process = Process(f"{host}:{len(lanes)}-{part}", part, host, 4711, "1.0.0", list(lanes), [])
        presence.heartbeat(session, process, 6.0, 15.0, 0.0)


@pytest.fixture
def at_work(organization):
    """An installation in which some parts live, one is silent, and invoices wait."""
    live("io", "quiet-host", "io")
    chain.ask("UPDATE processes SET seen_at = seen_at - interval '1 minute'")
    for part, lanes in (("api", ()), ("relay", ()), ("worker", ("urgent", "default"))):
        live(part, "books-1.example", *lanes)
    run_jobs(find("invoice.generate"), [chain.submit(organization, f"Client {n}") for n in range(3)])
    for n in range(5):
        chain.submit(organization, f"Waiting {n}")
    chain.ask("UPDATE processes SET ahead_seconds = 0.01")


def test_an_operator_pauses_a_lane_and_resumes_it(log_in, at_work):
    page = log_in("operator")
    page.get_by_role("link", name="Lanes and kinds").click()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    lane = page.get_by_role("row", name="default").first
    lane.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_contain_text("It is paused")
    assert asked[0].startswith("Pause default? 6 jobs wait there now")
    check(page, "lanes")
    lane.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("status")).to_contain_text("It goes on")


def test_an_operator_sees_who_lives_and_the_page_follows(log_in, at_work):
    page = log_in("operator")
    page.get_by_role("link", name="Parts").click()
    expect(page.get_by_role("row", name="io silent quiet-host")).to_be_visible()
    check(page)
    with page.expect_response("**/live/installation"):
        page.reload()
    live("beat", "books-2.example")
    expect(page.get_by_role("row", name="beat alive books-2.example")).to_be_visible(timeout=15_000)


def test_an_operator_reads_the_doctor(log_in, at_work):
    page = log_in("operator")
    page.get_by_role("navigation").get_by_role("link", name="Doctor").click()
    expect(page.get_by_role("row", name="parts wrong")).to_be_visible()
    check(page)


def test_an_operator_gives_an_organization_its_share(log_in, organization):
    page = log_in("operator")
    page.get_by_role("link", name="Organizations").click()
    check(page)
    page.get_by_role("link", name="Change Acme").click()
    page.get_by_label("Weight").fill("3")
    page.get_by_label("Jobs at once").fill("20")
    check(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="Acme 3 20")).to_be_visible()


def test_an_operator_reads_the_settings(log_in, at_work):
    page = log_in("operator")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("progressbar", name="Stored")).to_be_visible()
    expect(page.get_by_role("row", name="COUNTERFOIL_CRON_SECRET")).to_contain_text("not set")
    check(page)
