"""How soon the console's first page is there beside a million jobs, in a browser that has kept nothing of it."""

import statistics
from contextlib import ExitStack

from playwright.sync_api import Page, sync_playwright

from bench import masses
from bench.backlog import Workload
from bench.machine import Machine, wait_for
from bench.order import Api
from bench.table import row
from db.transaction import transaction
from domain.identity import users

HISTORY, WAITING = 900_000, 100_000
LOADS, WARM_UP = 30, 5
ADDRESS, PASSWORD = "owner@example.com", "correct horse battery staple"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def measure(machine: Machine) -> dict:
    """Return the ms until an owner's pages are loaded, and until the page to log in is, which asks no database."""
    print("first page: a million jobs, Chromium, nothing kept ...", flush=True)
    work = Workload(1)
    masses.remember(machine, work, HISTORY)
    masses.owe(machine, work, WAITING)
    machine.settle()
    with transaction() as session:
        made = users.invite(session, work.organization_id, ADDRESS, "Owner", "owner")
        users.choose_password(session, made.token, users.hash_of(made.user, PASSWORD))
    with machine.running(("cli", "api")), ExitStack() as stack:
        Api(machine, "")
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        stack.callback(browser.close)
        page = browser.new_page(base_url=f"http://127.0.0.1:{machine.api_port}/console/")
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.goto("login")
        bare = loaded(page)
        page.get_by_label("E-mail address").fill(ADDRESS)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/console/")
        home = loaded(page)
        page.goto("jobs")
        return {"home": home, "jobs": loaded(page), "login": bare}


def loaded(page: Page) -> float:
    """Return the median ms until a page is loaded anew."""
    times = []
    for _ in range(WARM_UP + LOADS):
        page.reload()
        wait_for(lambda: page.evaluate(LOADED) > 0)
        times.append(page.evaluate(LOADED))
    return statistics.median(times[WARM_UP:])


def rows(figures: dict) -> list[dict]:
    """Return what was expected beside what was measured."""
    return [
        row("the console's first page beside a million jobs, in Chromium, median ms", figures["home"], most=200),
        row("... the list of jobs, median ms", figures["jobs"], most=200),
        row("... the page to log in, median ms", figures["login"]),
    ]
