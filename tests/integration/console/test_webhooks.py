"""Webhooks and events on their pages: made, pinged, looked into and sent again, by whoever may, for the own alone."""

import re
from html import unescape

import pytest

from console.events import TOLD
from console.subjects import PAGES
from domain import encryption, master_keys
from domain.events.types import TYPES
from tests import bodies, chain
from tests.browser import PASSWORD, Browser, console, logged_in, text
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.gateways.receivers import answering, closing, serving
from tests.integration.webhooks.hook import FAILING, deliver
from tests.tenant import Tenant

ROW = "SELECT url, event_types, header_names, enabled FROM webhooks"


@pytest.fixture(autouse=True)
def loopback_may_be_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), webhook_allow_http=1, webhook_allowed_networks="127.0.0.0/8")


def create(browser: Browser, url: str, **fields: object) -> str:
    """Make a webhook by the form; return its secret."""
    form = {"url": url, "eventTypes": ["*"], "enabled": "1", **fields}
    answer = browser.act("/webhooks/new", "/webhooks", **form)
    assert answer.status_code == 200, text(answer)
    [secret] = re.findall('class="secret" value="([^"]+)"', answer.text)
    return secret


def test_a_webhook_is_made_and_its_secret_and_headers_are_never_shown_again(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    types = ["invoice.*", "invoice.issued", "job.failed"]
    secret = create(browser, "http://127.0.0.1:9/a", eventTypes=types, headers="Authorization: Bearer 4711\nX-A: b:c")
    assert chain.rows(ROW) == [("http://127.0.0.1:9/a", ["invoice.*", "job.failed"], ["Authorization", "X-A"], True)]
    for path in ("/webhooks", "/webhooks/1", "/webhooks/1/edit"):
        page = browser.get(path).text
        assert secret not in page
        assert "4711" not in page
    changed = {"url": "http://127.0.0.1:9/b", "eventTypes": ["*", "job.*"], "enabled": "1"}
    assert browser.act("/webhooks/1/edit", "/webhooks/1", **changed).status_code == 303
    assert chain.rows(ROW) == [("http://127.0.0.1:9/b", ["*"], ["Authorization", "X-A"], True)], "headers stay"
    browser.act("/webhooks/1/edit", "/webhooks/1", **changed, without_headers="1")
    assert chain.rows(ROW)[0][2] == []


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_typed_twice(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    form = {"url": "https://example.com/hook", "description": "Shop", "secret": "short", "eventTypes": ["job.*"]}
    refused = browser.act("/webhooks/new", "/webhooks", **form, headers="Authorization")
    assert (refused.status_code, chain.value("SELECT count(*) FROM webhooks")) == (400, 0)
    assert "headers must be lines such as" in text(refused)
    assert 'value="Shop"' in refused.text
    assert re.search('value="job.\\*" checked', refused.text)
    refused = browser.act("/webhooks/new", "/webhooks", **form)
    assert re.search('id="secret"[^>]* aria-invalid="true"', refused.text)
    refused = browser.act("/webhooks/new", "/webhooks", url="ftp://example.com", description="Shop")
    assert "Choose at least one." in refused.text


def test_secrets_and_deletion_ask_for_the_password_once_more(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    before = create(browser, "http://127.0.0.1:9/")
    late = "UPDATE user_sessions SET confirmed_at = confirmed_at - interval '11 minutes'"
    for act in ("rotate-secret", "delete"):
        chain.ask(late)
        assert browser.act("/webhooks/1", f"/webhooks/1/{act}").status_code == 403
    rotated = browser.act("/webhooks/1", "/webhooks/1/rotate-secret", password=PASSWORD)
    assert "It signs what is sent" in rotated.text
    assert before not in rotated.text
    assert browser.act("/webhooks/1", "/webhooks/1/delete").status_code == 303
    assert chain.value("SELECT count(*) FROM webhooks") == 0
    assert chain.rows("SELECT action FROM audit_log ORDER BY id")[-3:] == [
        ("createWebhook",), ("rotateSecret",), ("deleteWebhook",)
    ]  # fmt: skip


def test_a_delivery_shows_the_answer_and_is_sent_again(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    with serving(closing(FAILING)) as receiver:
        create(browser, receiver.url())
        assert browser.act("/webhooks/1", "/webhooks/1/ping").status_code == 303
        deliver()
    page = browser.get("/webhook-deliveries/1")
    assert "answered 500" in text(page)
    assert "oops" in text(page)
    assert '"type": "webhook.pinged"' in page.text.replace("&#34;", '"')
    assert "will be disabled on" in text(browser.get("/webhooks"))
    assert browser.act("/webhook-deliveries/1", "/webhook-deliveries/1/retry").status_code == 303
    with serving(answering()) as receiver:
        browser.act("/webhooks/1/edit", "/webhooks/1", url=receiver.url(), eventTypes=["*"], enabled="1")
        deliver()
    assert "delivered" in text(browser.get("/webhook-deliveries/1"))
    assert "No delivery matches." in browser.get("/webhooks/1?status=failed").text


def test_a_range_is_counted_before_it_is_sent_again(client: Caller, organization: Tenant) -> None:
    browser = logged_in(organization.id)
    with serving(answering()) as receiver:
        create(browser, receiver.url())
        client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
        deliver()
        form = {"page": "/webhooks/1/redeliver", "path": "/webhooks/1/redeliver"}
        counted = browser.act(**form, range="after", after="0")
        assert "1 event matches." in counted.text
        assert len(receiver.requests) == chain.value("SELECT count(*) FROM deliveries") == 1
        assert "must be a whole number" in text(browser.act(**form, range="after", after="x"))
        assert "must be a time" in text(browser.act(**form, range="since"))
        sent = browser.act(**form, range="delivered", seen="1")
        assert sent.headers["Location"] == "/console/webhooks/1?n=1&told=redelivered"
        deliver()
        assert len(receiver.requests) == 2


def test_events_are_listed_newest_first_and_lead_to_what_they_are_about(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = logged_in(organization.id)
    assert "Nothing has happened yet." in browser.get("/events").text
    for _ in range(3):
        client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id))
    deliver()
    monkeypatch.setattr("console.events.ROWS", 2)
    monkeypatch.setattr("console.lists.listed.__defaults__", (2,))
    first = browser.get("/events?type=invoice.*")
    assert re.findall("/console/events/(\\d+)", first.text) == ["3", "2"]
    assert re.findall("/console/events/(\\d+)", browser.get("/events?after=2").text) == ["1"]
    assert "None of the newest" in browser.get("/events?type=bill.failed").text
    page = browser.get("/events/1")
    assert '"total": 25.2' in unescape(page.text)
    assert browser.get("/events/4").status_code == 404


def test_a_stranger_sees_no_webhook_no_delivery_and_no_event(organization: Tenant, other_organization: Tenant) -> None:
    browser = logged_in(organization.id)
    create(browser, "http://127.0.0.1:9/secret-place")
    browser.act("/webhooks/1", "/webhooks/1/ping")
    deliver()
    stranger = logged_in(other_organization.id)
    for path in ("/webhooks/1", "/webhooks/1/edit", "/webhooks/1/redeliver", "/webhook-deliveries/1", "/events/1"):
        assert browser.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 404, path
    for path in ("/webhooks/1", "/webhooks/1/ping", "/webhooks/1/rotate-secret", "/webhooks/1/delete",
                 "/webhook-deliveries/1/retry"):  # fmt: skip
        form = {"url": "http://127.0.0.1:9/", "eventTypes": ["*"]}
        assert stranger.act("/account", path, **form).status_code == 404, path
    assert "secret-place" not in stranger.get("/webhooks").text


def test_who_may_only_look_is_offered_nothing_to_do(organization: Tenant) -> None:
    create(logged_in(organization.id), "http://127.0.0.1:9/")
    viewer = logged_in(organization.id, "viewer")
    assert "<form" not in viewer.get("/webhooks/1").text.replace('<form class="filters"', "").partition("<main")[2]
    assert viewer.get("/webhooks/new").status_code == 403


def test_what_each_type_of_event_says_is_known_to_those_who_translate() -> None:
    assert set(TOLD) == set(TYPES.values())


def test_what_an_event_is_about_is_a_page_that_there_is() -> None:
    rules = {rule.endpoint: rule.arguments for rule in console().url_map.iter_rules()}
    assert [name for name, (page, argument) in PAGES.items() if rules.get(page) != {argument}] == []
