"""The console's door: a cookie that cannot be guessed or taken from elsewhere, and forms of our own pages alone."""

import re
from html import unescape

import pytest

from console.app import PATH
from console.pages import PERMISSIONS
from tests import chain
from tests.browser import COOKIE, HOST, PASSWORD, Browser, console, logged_in, person, text
from tests.caller import Caller
from tests.tenant import Tenant


def test_without_a_login_no_page_opens_but_the_open_ones(organization: Tenant) -> None:
    ids = re.compile("<[^>]+>")
    for rule in console().url_map.iter_rules():
        if rule.endpoint == "static" or PERMISSIONS[rule.endpoint] == "open":
            continue
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        answer = (Browser().post if method == "POST" else Browser().get)(ids.sub("1", rule.rule))
        assert (answer.status_code, answer.headers["Location"][:14]) == (303, "/console/login"), rule


def test_every_page_and_act_declares_what_it_takes() -> None:
    endpoints = {rule.endpoint for rule in console().url_map.iter_rules()} - {"static"}
    assert endpoints == PERMISSIONS.keys()
    open_ones = {name for name, permission in PERMISSIONS.items() if permission == "open"}
    assert {name.partition(".")[0] for name in open_ones} == {"login", "account"}


def test_a_login_leads_to_the_page_that_was_asked_for_and_to_no_other_site(organization: Tenant) -> None:
    email = person(organization.id)
    asked = Browser().get("/jobs?status=failed").headers["Location"]
    assert asked == f"{PATH}/login?next=/console/jobs?status%3Dfailed"
    for wanted in ("https://evil.example/", "//evil.example", "/\\evil.example", "/console/\\evil", "javascript:x"):
        answer = Browser().post("/login", {"email": email, "password": PASSWORD, "next": wanted})
        assert answer.headers["Location"] == f"{PATH}/", wanted
    answer = Browser().post("/login", {"email": email, "password": PASSWORD, "next": "/console/jobs?status=failed"})
    assert answer.headers["Location"] == "/console/jobs?status=failed"


def test_the_cookie_is_of_this_host_and_no_script_reads_it(organization: Tenant) -> None:
    browser = Browser()
    [cookie] = browser.log_in(person(organization.id)).headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-counterfoil=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert browser.cookie not in str(chain.rows("SELECT s::text FROM user_sessions AS s"))


def test_a_login_makes_a_new_session_whatever_cookie_was_planted(organization: Tenant) -> None:
    browser = Browser()
    browser.cookie = "planted"
    browser.log_in(person(organization.id))
    assert browser.cookie != "planted"
    planted = Browser()
    planted.cookie = "planted"
    assert planted.get("/").status_code == 303


@pytest.mark.parametrize("ended", ["seen_at = seen_at - interval '13 hours'", "expires_at = clock_timestamp()"])
def test_a_session_ends_after_hours_of_rest_and_days_of_use(ended: str, organization: Tenant) -> None:
    browser = logged_in(organization.id)
    assert browser.get("/").status_code == 200
    chain.ask(f"UPDATE user_sessions SET {ended}")
    assert browser.get("/").status_code == 303


def test_a_session_ends_with_the_logout_of_its_browser_or_of_another(organization: Tenant) -> None:
    first, second = logged_in(organization.id), Browser()
    second.log_in(f"owner-{organization.id}@example.com")
    stolen = Browser()
    stolen.cookie = first.cookie
    second.act("/account", "/account/browsers/1/end")
    assert [one.get("/").status_code for one in (first, stolen, second)] == [303, 303, 200]
    second.act("/account", "/logout")
    assert second.get("/").status_code == 303


def test_a_changed_password_logs_all_other_browsers_out(organization: Tenant) -> None:
    first, second = logged_in(organization.id), Browser()
    second.log_in(f"owner-{organization.id}@example.com")
    changed = second.act("/account", "/account/password", password=PASSWORD, new_password="another long phrase")
    assert changed.status_code == 303
    assert [one.get("/").status_code for one in (first, second)] == [303, 200]
    assert Browser().log_in(f"owner-{organization.id}@example.com").status_code == 403
    assert Browser().log_in(f"owner-{organization.id}@example.com", "another long phrase").status_code == 303


def test_whatever_strangers_send_is_answered_and_is_no_fault_of_ours(organization: Tenant) -> None:
    form = {"email": "ada@example.com", "password": "guess"}
    browser = Browser()
    assert browser.post("/login", form | {"email": "ada\0@example.com"}).status_code == 400
    assert browser.post("/login", form, headers={"Origin": "http://["}).status_code == 403
    assert browser.get("/password/%00").status_code == 400
    assert [Browser(address).log_in("x").status_code for address in ("unknown", "192.0.2.1:555")] == [403, 403]
    for kept in ("x", "[]", "[[1, 2, 3], 4]", '[["\\ud800", "", ""], ""]', "{}"):
        browser._client.set_cookie(f"{COOKIE}-attempt", kept, domain="books.example", path="/", secure=True)
        assert browser.get("/login/provider/back?state=x&code=y").status_code == 403, kept


def test_whatever_an_address_says_the_links_of_its_page_lead_to_the_same_page(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    browser.log_in(f"owner-{organization.id}@example.com")
    for odd in ("_scheme=javascript", "_external=1", "_method=DELETE", "endpoint=x", "_anchor=x"):
        page = browser.get(f"/audit-log?{odd}&_external=1&action=logIn&after=9")
        assert page.status_code == 200, odd
        links = [unescape(link) for link in re.findall('href="([^"]*)" rel="first"', page.text)]
        assert [link.partition("?")[0] for link in links] == [f"{PATH}/audit-log"]
        assert ("action=logIn" in links[0], "after" in links[0]) == (True, False)
    for nul in ("/audit-log?actor=%00", "/clients?q=%00", "/failures/%00"):
        assert browser.get(nul).status_code == 400, nul


def test_a_form_is_taken_from_our_own_page_of_this_session_alone(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    token = browser.csrf("/account")
    form = {"password": PASSWORD, "new_password": "another long phrase"}
    other = Browser()
    other.log_in(f"owner-{organization.id}@example.com")
    for refused in (
        browser.post("/account/password", form),
        browser.post("/account/password", {**form, "csrf": "x"}),
        browser.post("/account/password", {**form, "csrf": other.csrf("/account")}),
        browser.post("/account/password", {**form, "csrf": token}, headers={"Sec-Fetch-Site": "cross-site"}),
        browser.post("/account/password", {**form, "csrf": token}, headers={"Sec-Fetch-Site": "same-site"}),
        browser.post("/account/password", {**form, "csrf": token}, headers={"Origin": "https://evil.example"}),
        Browser().post("/login", {"email": "a", "password": "b"}, headers={"Sec-Fetch-Site": "cross-site"}),
    ):
        assert refused.status_code == 403
        assert "open the page here" in refused.text or "open it again" in refused.text
    same = {"Sec-Fetch-Site": "same-origin", "Origin": HOST}
    assert browser.post("/account/password", {**form, "csrf": token}, headers=same).status_code == 303


def test_what_is_dangerous_asks_for_the_password_once_more(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    chain.ask("UPDATE user_sessions SET confirmed_at = confirmed_at - interval '11 minutes'")
    form = {"name": "Shop", "role": "clerk"}
    refused = browser.act("/keys", "/keys", **form)
    assert (refused.status_code, chain.value("SELECT count(*) FROM api_keys")) == (403, 1)
    assert 'name="password"' in refused.text
    assert 'value="Shop"' in refused.text, "nothing is typed twice"
    assert browser.act("/keys", "/keys", password=PASSWORD, **form).status_code == 200
    assert browser.act("/keys", "/keys", **form).status_code == 200, "not again for ten minutes"


def test_a_name_is_one_as_operations_take_them(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    for name in ("", "x" * 101, "a\x07b"):
        user = {"email": "ada@example.com", "name": name, "role": "clerk"}
        for page, path, form in (("/users", "/users", user), ("/users/1", "/users/1", user), ("/keys", "/keys", user)):
            assert browser.act(page, path, **form).status_code == 400, (path, name)
    refused = browser.act("/users", "/users", email="ada", name="Ada", role="clerk")
    assert "E-mail address must be an address" in text(refused)
    for role in ("king", ""):
        assert browser.act("/users", "/users", email="ada@example.com", name="Ada", role=role).status_code == 400
        assert browser.act("/keys", "/keys", name="Shop", role=role).status_code == 400
    assert chain.rows("SELECT name FROM users UNION ALL SELECT name FROM api_keys") == [("Person owner",), ("first",)]


@pytest.mark.parametrize("role", ["viewer", "clerk", "accountant", "owner", "operator"])
def test_the_menu_has_what_the_role_may_open_and_all_of_it_opens(role: str, organization: Tenant) -> None:
    browser = logged_in(organization.id, role)
    links = re.findall('<li><a href="([^"]+)"', browser.get("/").text)
    assert len(links) > 4
    for link in links:
        assert browser.get(link.removeprefix(PATH)).status_code == 200, link


def test_a_viewer_changes_nothing(organization: Tenant) -> None:
    browser = logged_in(organization.id, "viewer")
    token = browser.csrf("/account")
    changing = [
        rule for rule in console().url_map.iter_rules()
        if "POST" in (rule.methods or ()) and PERMISSIONS[rule.endpoint] not in ("open", "anyone")
    ]  # fmt: skip
    assert len(changing) > 5
    for rule in changing:
        answer = browser.post(re.sub("<[^>]+>", "1", rule.rule), {"csrf": token})
        assert (answer.status_code, "this takes the permission" in answer.text) == (403, True), rule


def test_a_user_of_another_organization_sees_nothing(organization: Tenant, other_organization: Tenant) -> None:
    job = Caller(organization.key).post("/api/v1/jobs", {
        "type": "accounting.recreate", "payload": {"documents": [{"type": "invoice", "id": 1}]}
    })  # fmt: skip
    assert job.status_code in (202, 404)
    person(organization.id)
    stranger = logged_in(other_organization.id)
    for path in ("/users/1", "/jobs/1", "/live/jobs/1"):
        assert stranger.get(path).status_code == 404, path
    assert "owner-1@" not in stranger.get("/users").text


def test_what_a_page_may_load_is_ours_alone(organization: Tenant) -> None:
    browser = logged_in(organization.id)
    for path in ("/", "/nothing", "/login"):
        answer = browser.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search('(src|href)="(https?:)?//|<script>|style=|onclick', answer.text)
