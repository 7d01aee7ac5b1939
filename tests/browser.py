"""The console as a browser sees it, without a server in between: it keeps its cookie, and sends the forms of pages."""

import re
from functools import cache
from html import unescape
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

import settings
from console.app import PATH, create_console
from db.transaction import transaction
from domain.identity import users

PASSWORD = "correct horse battery staple"
HOST = "https://books.example"
COOKIE = "__Host-counterfoil"


@cache
def console() -> Flask:
    """Return the console, which all tests of this process share."""
    return create_console(settings.current())


class Browser:
    """One browser; `address` is where it stands."""

    def __init__(self, address: str = "192.0.2.1") -> None:
        self._client = console().test_client()
        self._options = {"base_url": f"{HOST}{PATH}", "environ_base": {"REMOTE_ADDR": address}}

    @property
    def cookie(self) -> str | None:
        found = self._client.get_cookie(COOKIE, "books.example", "/")
        return found and found.value

    @cookie.setter
    def cookie(self, value: str) -> None:
        self._client.set_cookie(COOKIE, value, domain="books.example", path="/", secure=True)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._client.get(path, **self._options, **options)

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form as it is; `act` sends the one of a page, with what proves that it is ours."""
        return self._client.post(path, data=form or {}, **self._options, **options)

    def act(self, page: str, path: str, **form: Any) -> TestResponse:
        return self.post(path, {"csrf": self.csrf(page), **form})

    def csrf(self, page: str) -> str:
        [token, *_] = re.findall('name="csrf" value="([0-9a-f]+)"', self.get(page).text)
        return token

    def log_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/login", {"email": email, "password": password})


def text(answer: TestResponse) -> str:
    """Return what a page says, without its tags."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", answer.text)).split())


def person(organization_id: int, role: str = "owner", email: str = "") -> str:
    """Make a user who has chosen PASSWORD; return the address."""
    with transaction() as session:
        email = email or f"{role}-{organization_id}@example.com"
        made = users.invite(session, organization_id, email, f"Person {role}", role)
        users.choose_password(session, made.token, users.hash_of(made.user, PASSWORD))
    return email


def logged_in(organization_id: int, role: str = "owner") -> Browser:
    """Return the browser of a new user."""
    browser = Browser()
    assert browser.log_in(person(organization_id, role)).status_code == 303
    return browser
