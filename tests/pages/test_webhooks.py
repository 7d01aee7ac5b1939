"""Webhooks and events as those who keep them see them."""

import pytest
from playwright.sync_api import expect

from domain import encryption, master_keys
from tests.conftest import configure
from tests.integration.gateways.receivers import closing, serving
from tests.integration.webhooks.hook import FAILING, deliver
from tests.pages.looks import check


@pytest.fixture(autouse=True)
def loopback_may_be_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), webhook_allow_http=1, webhook_allowed_networks="127.0.0.0/8")


def test_a_webhook_is_made_pinged_and_looked_into(log_in):
    page = log_in("owner")
    page.get_by_role("link", name="Webhooks").click()
    expect(page.get_by_role("main")).to_contain_text("No events are sent anywhere yet.")
    page.get_by_role("link", name="New webhook").click()
    check(page)
    with serving(closing(FAILING)) as receiver:
        page.get_by_label("Address").fill(receiver.url())
        page.get_by_label("Headers").fill("Authorization: Bearer 12345")
        page.get_by_role("button", name="Make the webhook").click()
        assert page.get_by_label("The secret").input_value().startswith("whsec_")
        check(page, "webhook-secret")
        page.get_by_role("link", name="Webhook 1").click()
        page.get_by_role("button", name="Send a test event").click()
        expect(page.get_by_role("status")).to_contain_text("A test event is on its way")
        deliver()
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("will be disabled on")
    check(page)
    page.get_by_role("row", name="webhook.pinged").get_by_role("link").click()
    expect(page.get_by_role("main")).to_contain_text("answered 500")
    check(page)
    page.get_by_role("link", name="webhook.pinged 1").click()
    check(page)
    page.get_by_role("link", name="Events").click()
    check(page)
    page.goto("webhooks")
    check(page)
    page.goto("webhooks/1/redeliver")
    page.get_by_label("after an event").check()
    page.get_by_label("After the event number").fill("0")
    page.get_by_role("button", name="Count them").click()
    expect(page.get_by_role("status")).to_contain_text("0 events match.")
    check(page, "redeliver")


def test_a_webhook_gets_a_new_secret_and_is_deleted_once_asked(log_in):
    page = log_in("owner")
    page.goto("webhooks/new")
    page.get_by_label("Address").fill("http://127.0.0.1:9/")
    page.get_by_role("button", name="Make the webhook").click()
    page.goto("webhooks/1")
    page.get_by_text("New secret, or delete").click()
    check(page, "webhook-careful")
    page.get_by_role("button", name="Give it a new secret").click()
    expect(page.get_by_role("main")).to_contain_text("signs as well until")
    page.goto("webhooks/1")
    page.get_by_text("New secret, or delete").click()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("heading", name="Webhook 1")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("status")).to_contain_text("The webhook is deleted")
