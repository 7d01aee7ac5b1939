"""The console in a real browser, served by this process on a database of the test's own."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from api.http.server import GIVE_AWAY, Take
from console.app import PATH
from tests.browser import PASSWORD, console, person
from tests.caller import application
from tests.tenant import Tenant

CHROMIUM = Path("/usr/bin/chromium")
# What Chromium does by itself is turned off: it asks its maker's servers at each start.
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
# What is in the page itself, and what Chromium shows a PDF with.
INLINE = ("data:", "chrome:", "chrome-extension:")
LogIn = Callable[..., Page]


class Handler(WSGIRequestHandler):
    """Gives the connections of streams away as our server does, and says nothing of each request."""

    protocol_version = "HTTP/1.0"  # with no chunks: what follows is written by others
    taken: Take | None = None

    def make_environ(self) -> dict[str, Any]:
        return super().make_environ() | {GIVE_AWAY: self._give_away}

    def finish(self) -> None:
        super().finish()
        if self.taken:
            self.taken(self.connection.dup())

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""

    def _give_away(self, take: Take) -> None:
        self.taken = take


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def served(organization: Tenant) -> Iterator[str]:
    """The address of an API with its console, for the time of a test."""
    both = DispatcherMiddleware(application(), {PATH: console()})
    server = make_server("127.0.0.1", 0, both, threaded=True, request_handler=Handler)
    server.shutdown_request = server.close_request  # type: ignore[method-assign]  # a stream goes on in other hands
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{PATH}"
    server.shutdown()
    thread.join()


@pytest.fixture
def context(chromium: Browser, served: str) -> Iterator[BrowserContext]:
    """A browser that knows nothing yet. Whatever a page loads from elsewhere, or a script fails at, fails the test."""
    with chromium.new_context(base_url=f"{served}/", locale="en-GB", timezone_id="Europe/Dublin") as context:
        wrong: list[str] = []
        context.on("request", lambda one: one.url.startswith((served, *INLINE)) or wrong.append(f"loaded {one.url}"))
        context.on("weberror", lambda one: wrong.append(f"script failed: {one.error}"))
        context.set_default_timeout(10_000)
        yield context
        assert wrong == []


@pytest.fixture
def log_in(context: BrowserContext, organization: Tenant) -> LogIn:
    """Return the first page of a user of that role, who has logged in by hand."""

    def log_in(role: str = "owner", organization_id: int = organization.id) -> Page:
        page = context.new_page()
        page.goto("login")
        page.get_by_label("E-mail address").fill(person(organization_id, role))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/console/")
        return page

    return log_in
