"""A provider of OpenID Connect lets in our users, and nobody else, and no token that is not its own for us."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.identity.logins import BY_ADDRESS
from gateways import openid
from tests import chain
from tests.browser import HOST, Browser, person, text
from tests.conftest import configure
from tests.integration.gateways.receivers import Behaviour, Server, serving
from tests.integration.identity.provider import CLIENT, SECRET, Provider, running
from tests.tenant import Tenant

BACK = "/login/provider/back"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        given = {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        configure(oidc_issuer=provider.issuer, public_url=HOST, **given)
        yield provider


def come_back(browser: Browser, provider: Provider, **others: Any) -> Any:
    """Go to the provider and come back; return our answer."""
    there = browser.get("/login/provider?next=/console/jobs")
    return browser.get(BACK, query_string=provider.let_in(there.headers["Location"]) | others)


def test_a_user_whose_address_the_provider_has_verified_is_let_in(organization: Tenant, provider: Provider) -> None:
    person(organization.id, "owner", "Ada@example.com")
    browser = Browser()
    assert "Log in by 127.0.0.1" in browser.get("/login").text
    there = browser.get("/login/provider").headers["Location"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    assert there.startswith(f"{provider.issuer}/authorize?")
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", f"{HOST}/console{BACK}")
    assert come_back(browser, provider).headers["Location"] == "/console/jobs"
    assert "Person owner" in browser.get("/").text
    assert chain.value("SELECT subject FROM users") == f"{provider.issuer} 42"


def test_once_it_is_known_the_subject_counts_and_no_address(organization: Tenant, provider: Provider) -> None:
    """An address may be given to somebody else."""
    person(organization.id, "owner", "ada@example.com")
    assert come_back(Browser(), provider).status_code == 303
    provider.claims |= {"email": "married@example.com"}
    assert come_back(Browser(), provider).status_code == 303
    provider.claims |= {"sub": "43", "email": "ada@example.com"}
    assert come_back(Browser(), provider).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": "eve@example.com"},
        {"email": "\u212aate@example.com"},
    ],
)
def test_an_address_that_is_not_verified_or_not_ours_lets_nobody_in(
    claims: dict[str, Any], organization: Tenant, provider: Provider
) -> None:
    person(organization.id, "owner", "ada@example.com")
    provider.claims |= claims
    person(organization.id, "owner", "kate@example.com")
    refused = come_back(Browser(), provider)
    assert (refused.status_code, "no user here has the address" in text(refused)) == (403, True)


def test_the_provider_is_not_asked_as_often_as_strangers_like(organization: Tenant, provider: Provider) -> None:
    browser = Browser()
    begun = urlsplit(browser.get("/login/provider").headers["Location"]).query
    answer = {"code": "guess", "state": parse_qs(begun)["state"][0]}
    codes = [browser.get(BACK, query_string=answer).status_code for _ in range(BY_ADDRESS + 1)]
    assert codes == [403] * BY_ADDRESS + [429]


def test_a_disabled_user_is_not_let_in(organization: Tenant, provider: Provider) -> None:
    person(organization.id, "owner", "ada@example.com")
    come_back(Browser(), provider)
    chain.ask("UPDATE users SET disabled_at = clock_timestamp()")
    assert come_back(Browser(), provider).status_code == 403


@pytest.mark.parametrize("wrong", [
    {"iss": "http://evil.example"}, {"aud": "another"}, {"exp": 1}, {"nonce": "planted"}, {"sub": None},
])  # fmt: skip
def test_a_token_for_others_or_of_others_or_of_another_time_is_refused(
    wrong: dict[str, Any], organization: Tenant, provider: Provider
) -> None:
    person(organization.id, "owner", "ada@example.com")
    provider.wrong = wrong
    browser = Browser()
    assert come_back(browser, provider).status_code == 403
    assert browser.get("/").status_code == 303


def test_a_token_that_the_provider_has_not_signed_is_refused(organization: Tenant, provider: Provider) -> None:
    person(organization.id, "owner", "ada@example.com")
    provider.signs_with = provider.other_key
    assert come_back(Browser(), provider).status_code == 403


def test_an_answer_lets_in_the_browser_alone_that_went_there(organization: Tenant, provider: Provider) -> None:
    """Or somebody could have a victim work in an account of theirs."""
    person(organization.id, "owner", "ada@example.com")
    mine, theirs = Browser(), Browser()
    answer = provider.let_in(mine.get("/login/provider").headers["Location"])
    assert theirs.get(BACK, query_string=answer).status_code == 403
    theirs.get("/login/provider")
    assert theirs.get(BACK, query_string=answer).status_code == 403
    assert mine.get(BACK, query_string=answer).status_code == 303
    assert mine.get(BACK, query_string=answer).status_code == 403, "once"
    assert come_back(mine, provider, code="guessed").status_code == 403


def test_a_provider_that_is_away_or_says_no_is_told_in_words(organization: Tenant, provider: Provider) -> None:
    browser = Browser()
    state = parse_qs(urlsplit(browser.get("/login/provider").headers["Location"]).query)["state"][0]
    refused = browser.get(BACK, query_string={"error": "access_denied", "state": state})
    assert (refused.status_code, "the provider has not let you in" in refused.text) == (403, True)
    configure(oidc_issuer="http://127.0.0.1:1")
    away = Browser().get("/login/provider")
    assert (away.status_code, "the provider does not answer" in away.text) == (403, True)


def test_a_user_without_a_password_confirms_by_the_provider_which_must_ask_anew(
    organization: Tenant, provider: Provider
) -> None:
    person(organization.id, "owner", "ada@example.com")
    chain.ask("UPDATE users SET password_hash = NULL")
    browser = Browser()
    come_back(browser, provider)
    chain.ask("UPDATE user_sessions SET confirmed_at = confirmed_at - interval '11 minutes'")
    make = ("/keys", "/keys")
    assert "Confirm by your provider that it is you" in browser.get("/keys").text
    assert browser.act(*make, name="mine", role="viewer", password="").status_code == 403

    def confirm(**claims: Any) -> Any:
        provider.claims |= claims
        there = browser.get("/login/provider/anew?next=/console/keys").headers["Location"]
        assert {"prompt=login", "max_age=0"} <= set(urlsplit(there).query.split("&"))
        return browser.get(BACK, query_string=provider.let_in(there))

    for claims in (
        {},
        {"auth_time": float("nan")},
        {"auth_time": int(time.time()) - 600},
        {"auth_time": int(time.time()), "sub": "43"},
    ):
        assert confirm(**claims).status_code == 403, claims
        assert browser.act(*make, name="mine", role="viewer").status_code == 403
    assert confirm(sub="42").headers["Location"] == "/console/keys"
    assert "Confirm by your provider" not in browser.get("/keys").text
    assert browser.act(*make, name="mine", role="viewer").status_code == 200
    assert chain.value("SELECT count(*) FROM user_sessions") == 1, "it is the session that it was"


def test_a_logout_is_on_record_as_a_login_is(organization: Tenant) -> None:
    browser = Browser()
    browser.log_in(person(organization.id))
    browser.act("/", "/logout")
    acts = chain.rows("SELECT action, target FROM audit_log ORDER BY id")
    assert acts == [("logIn", "/api/v1/users/1"), ("logOut", "/api/v1/users/1")]


def drip(server: Server, connection: socket.socket) -> None:
    while not server.stopping.wait(0.1):
        connection.sendall(b" ")


def flood(server: Server, connection: socket.socket) -> None:
    while not server.stopping.is_set():
        connection.sendall(bytes(2**20))


def says(text: str) -> Behaviour:
    return lambda server, connection: connection.sendall(text.replace("ISSUER", server.url(path="")).encode())


@pytest.mark.parametrize("behave", [
    drip, flood, says("[1]"), says('{"issuer": 5}'), says("no JSON"), says('{"issuer": "ISSUER"}'),
    says('{"issuer": "ISSUER", "authorization_endpoint": "javascript:alert(1)"}'),
    says('{"issuer": "ISSUER", "authorization_endpoint": "http://a/\\r\\nb"}'),
], ids=["drips", "never ends", "a list", "a number", "no JSON", "no page", "a script", "two lines"])  # fmt: skip
def test_a_provider_that_is_none_is_a_word_within_its_time(
    behave: Behaviour, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is at the door has us ask it, again and again."""

    def answer(server: Server, connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        behave(server, connection)

    monkeypatch.setattr(openid, "TIMEOUT_S", 1.0)
    began = time.monotonic()
    with serving(answer) as server:
        configure(oidc_issuer=server.url(path=""), oidc_client_id=CLIENT, public_url=HOST)
        refused = Browser().get("/login/provider")
    assert (refused.status_code, "the provider" in refused.text) == (403, True)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("claims", [{"sub": {"a": 1}}, {"sub": "a\0b"}, {"sub": "43", "email": 5}])
def test_a_user_is_said_in_text(claims: dict[str, Any], organization: Tenant, provider: Provider) -> None:
    provider.claims |= claims
    assert come_back(Browser(), provider).status_code == 403


def test_the_environment_leads_no_login_elsewhere(
    organization: Tenant, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    person(organization.id, "owner", "ada@example.com")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert come_back(Browser(), provider).status_code == 303
