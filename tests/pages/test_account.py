"""A user's own way: in, to a second factor, and out."""

import re

import pyotp
from playwright.sync_api import expect

from domain import master_keys
from tests.browser import PASSWORD, person
from tests.conftest import configure
from tests.pages.looks import check


def test_the_way_in_with_a_second_factor_and_out(log_in, context, organization):
    configure(master_keys=master_keys.new_key())
    page = log_in("owner")
    check(page)
    page.get_by_role("link", name="Person owner").click()
    check(page)
    page.get_by_role("link", name="Set it up").click()
    check(page)
    secret = page.locator("main code").inner_text()
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("status")).to_have_text("From now on a code is asked for when you log in.")
    page.get_by_role("button", name="Log out").first.click()
    expect(page.get_by_role("status")).to_have_text("You are logged out.")
    check(page, "login")
    page.get_by_label("E-mail address").fill(f"owner-{organization.id}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/login/code"))
    check(page)
    page.get_by_label("Code").fill("123456")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("the code is wrong")


def test_an_owner_invites_a_user_who_chooses_a_password(log_in, context):
    page = log_in("owner")
    page.get_by_role("link", name="Users").click()
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("E-mail address").fill("grace@example.com")
    page.get_by_label("Role").select_option("accountant")
    check(page)
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("The link").input_value()
    check(page, "user-link")
    page.goto("users/2")
    check(page)
    context.clear_cookies()
    page.goto(link)
    check(page, "password")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("banner")).to_contain_text("Grace Hopper")
    expect(page.get_by_role("navigation")).not_to_contain_text("Parts")


def test_an_owner_makes_a_key_and_revokes_it(log_in):
    page = log_in("owner")
    page.goto("keys")
    page.get_by_label("Name", exact=True).fill("Shop")
    page.get_by_text("Or choose each permission").click()
    page.get_by_label("requests:submit").check()
    check(page)
    page.get_by_role("button", name="Make the key").click()
    assert page.get_by_label("The key").input_value().startswith("cf_")
    check(page, "key-made")
    page.goto("keys")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("row", name="Shop").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status")).to_have_text("The key opens nothing any more.")
    expect(page.get_by_role("row", name="Shop")).to_have_count(0)
    page.goto("audit-log")
    expect(page.get_by_role("row", name="revokeKey")).to_be_visible()
    check(page)


def test_a_page_can_be_read_without_scripts(chromium, served, organization):
    with chromium.new_context(base_url=f"{served}/", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("login")
        page.get_by_label("E-mail address").fill(person(organization.id))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("link", name="Jobs").click()
        expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
