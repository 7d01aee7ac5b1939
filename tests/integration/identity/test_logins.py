"""Logging in: nothing tells who is a user, guesses are counted wherever they come from, and nobody locks others out."""

import pyotp
import pytest
from sqlalchemy import Engine, event

from domain import master_keys
from domain.identity import logins, passwords
from domain.identity.logins import BY_ACCOUNT, BY_ADDRESS, BY_BOTH
from tests import chain
from tests.browser import PASSWORD, Browser, logged_in, person, text
from tests.caller import Caller
from tests.conftest import configure
from tests.tenant import Tenant

WRONG = "the address or the password is wrong"


def test_a_wrong_password_and_an_unknown_address_get_one_answer(organization: Tenant) -> None:
    email = person(organization.id)
    told = set()
    for address, password in ((email, "wrong"), ("nobody@example.com", PASSWORD), ("", ""), (email, PASSWORD * 9)):
        refused = Browser().log_in(address, password)
        assert refused.status_code == 403
        told.add(text(refused).replace(address, ""))
    assert [WRONG in one for one in told] == [True]


def test_an_unknown_address_costs_as_much_as_a_known_one(monkeypatch: pytest.MonkeyPatch, organization: Tenant) -> None:
    looked: list[str] = []
    monkeypatch.setattr(passwords, "_is", lambda password, password_hash: looked.append(password_hash) or False)
    email = person(organization.id)
    Browser().log_in(email, "wrong")
    Browser().log_in("nobody@example.com", "wrong")
    assert [one.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for one in looked] == [True, True]


def test_a_refusal_asks_the_database_for_a_known_address_what_it_asks_for_another(organization: Tenant) -> None:
    email = person(organization.id)
    for _ in range(BY_ADDRESS):
        Browser().log_in("nobody@example.com", "guess")
    asked = []
    for address in (email, "other@example.com"):
        sent: list[str] = []
        event.listen(Engine, "before_cursor_execute", note := lambda *said, to=sent: to.append(said[2]))
        assert Browser().log_in(address, "guess").status_code == 429
        event.remove(Engine, "before_cursor_execute", note)
        asked.append(sent)
    assert asked[0] == asked[1]


def test_a_password_is_kept_as_argon2id_and_is_not_easy_to_guess(organization: Tenant) -> None:
    person(organization.id, "owner", "ada.lovelace@example.com")
    [(kept,)] = chain.rows("SELECT password_hash FROM users")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    browser = Browser()
    browser.log_in("ada.lovelace@example.com")
    for easy in ("short", "aaaaaaaaaaaaaaaa", "ada.lovelace-2026", "my-counterfoil-1", "x" * 201):
        refused = browser.act("/account", "/account/password", password=PASSWORD, new_password=easy)
        assert (refused.status_code, "password must" in refused.text) == (400, True), easy


def test_guesses_at_one_account_from_one_address_are_counted(organization: Tenant) -> None:
    email = person(organization.id)
    guesses = [Browser().log_in(email, f"guess {n}").status_code for n in range(BY_BOTH + 2)]
    assert guesses == [403] * BY_BOTH + [429] * 2
    assert Browser().log_in(email).status_code == 429, "the right one might be the next guess"
    assert Browser("198.51.100.7").log_in(email).status_code == 303


def test_guesses_at_many_accounts_from_one_address_are_counted(organization: Tenant) -> None:
    for n in range(BY_ADDRESS):
        assert Browser().log_in(f"{n}@example.com", "guess").status_code == 403
    assert Browser().log_in("another@example.com", "guess").status_code == 429
    assert Browser("198.51.100.7").log_in("another@example.com", "guess").status_code == 403


@pytest.mark.parametrize("many", ["192.0.{0}.{1}", "2001:db8:{0:x}:{1:x}::1"])
def test_guesses_at_one_account_from_many_addresses_are_counted_and_lock_its_user_out_of_nowhere(
    many: str, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "BY_ACCOUNT", 20)
    email = person(organization.id)
    home = Browser("198.51.100.7")
    home.log_in(email)
    codes = [Browser(many.format(n // 250 + 1, n % 250 + 1)).log_in(email, "guess").status_code for n in range(25)]
    assert codes.count(429) == 25 - (20 - 1), "the login of its user was one attempt"
    assert Browser("203.0.113.9").log_in(email).status_code == 429
    assert Browser("198.51.100.7").log_in(email).status_code == 303, "where the user has logged in before"
    assert BY_ACCOUNT == 100


def test_one_address_alone_locks_nobody_out_elsewhere(organization: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "BY_ACCOUNT", 20)
    email = person(organization.id)
    codes = [Browser().log_in(email, f"guess {n}").status_code for n in range(25)]
    assert codes == [403] * BY_BOTH + [429] * 15
    assert Browser("203.0.113.9").log_in(email).status_code == 303


def test_what_one_address_has_too_much_of_leaves_no_counters(organization: Tenant) -> None:
    for n in range(BY_ADDRESS + 20):
        Browser().log_in(f"{n}@example.com", "guess")
    assert chain.value("SELECT count(*) FROM login_attempts") == 1 + 2 * BY_ADDRESS


def test_clients_of_a_server_that_listens_on_both_protocols_are_told_apart(organization: Tenant) -> None:
    email = person(organization.id)
    for _ in range(BY_BOTH + 1):
        Browser("::ffff:192.0.2.1").log_in(email, "guess")
    assert Browser("::ffff:192.0.2.1").log_in(email).status_code == 429
    assert Browser("192.0.2.1").log_in(email).status_code == 429, "it is the same"
    assert Browser("::ffff:198.51.100.7").log_in(email).status_code == 303


def test_addresses_of_one_household_are_one(organization: Tenant) -> None:
    email = person(organization.id)
    codes = [Browser(f"2001:db8::{n:x}").log_in(email, "guess").status_code for n in range(1, BY_BOTH + 3)]
    assert codes[-2:] == [429, 429]


def test_attempts_are_forgotten_as_time_passes_and_refused_ones_do_not_count(organization: Tenant) -> None:
    email = person(organization.id)
    for n in range(BY_BOTH + 30):
        Browser().log_in(email, f"guess {n}")
    chain.ask("UPDATE login_attempts SET counted_at = counted_at - interval '7 minutes'")
    assert Browser().log_in(email).status_code == 303


def test_a_code_is_asked_for_and_taken_once(organization: Tenant) -> None:
    configure(master_keys=master_keys.new_key())
    browser = logged_in(organization.id)
    page = browser.get("/account/second-factor").text
    secret = page.partition('name="secret" value="')[2].partition('"')[0]
    assert secret not in str(chain.rows("SELECT u::text FROM users AS u"))
    code = pyotp.TOTP(secret)
    wrong = browser.act("/account/second-factor", "/account/second-factor", secret=secret, code="000000")
    assert (wrong.status_code, secret in wrong.text) == (400, True), "the picture stays the same"
    on = browser.act("/account/second-factor", "/account/second-factor", secret=secret, code=code.now())
    assert on.status_code == 303
    email = f"owner-{organization.id}@example.com"
    other = Browser()
    assert other.log_in(email).headers["Location"].startswith("/console/login/code")
    assert other.get("/").headers["Location"].startswith("/console/login"), "the password alone opens nothing"
    assert other.post("/login/code", {"code": "000000"}).status_code == 403
    assert other.post("/login/code", {"code": code.now()}).status_code == 403, "it was used to turn it on"
    chain.ask("UPDATE users SET second_factor_at = 0")
    before = other.cookie
    assert other.post("/login/code", {"code": code.now()}).status_code == 303
    assert other.cookie != before
    assert other.get("/").status_code == 200
    third = Browser()
    third.log_in(email)
    assert third.post("/login/code", {"code": code.now()}).status_code == 403, "whoever looked over a shoulder has it"


def test_codes_are_counted_as_passwords_are(organization: Tenant) -> None:
    configure(master_keys=master_keys.new_key())
    email = person(organization.id)
    chain.ask("UPDATE users SET second_factor = 'x'")
    browser = Browser()
    browser.log_in(email)
    chain.ask("UPDATE users SET second_factor = NULL")
    codes = [browser.post("/login/code", {"code": f"{n:06}"}).status_code for n in range(BY_BOTH + 1)]
    assert codes[-2:] == [429, 429]


def test_a_login_is_in_the_audit_log(organization: Tenant, client: Caller) -> None:
    Browser("198.51.100.7").log_in(person(organization.id))
    [entry] = client.get("/api/v1/audit-log?action=logIn").json
    assert (entry["actor"], entry["target"], entry["address"]) == ("user:1", "/api/v1/users/1", "198.51.100.7")
