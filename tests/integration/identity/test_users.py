"""Users: invited by a link that opens once, kept within what the inviter may do, and never without an owner."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from db.transaction import transaction
from domain import master_keys
from domain.identity import roles, users
from tests import chain
from tests.browser import PASSWORD, Browser, logged_in, person
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.identity.test_roles import caller
from tests.tenant import Tenant
from tests.waiting import wait_until

PATH = "/api/v1/users"
ADA = {"email": "Ada@Example.com", "name": "Ada Lovelace", "role": "clerk"}


LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_an_invited_user_chooses_a_password_once_and_is_let_in(client: Caller) -> None:
    made = client.post(PATH, ADA)
    assert (made.status_code, made.headers["Location"]) == (201, f"{PATH}/{made.json['id']}")
    assert made.json["hasPassword"] is False
    link = made.json["link"].removeprefix("/console")
    browser = Browser()
    assert "Ada Lovelace" in browser.get(link).text
    assert browser.post(link, {"password": PASSWORD}).status_code == 303
    assert "Ada Lovelace" in browser.get("/").text
    again = Browser().post(link, {"password": "another long password"})
    assert (again.status_code, "this link was used" in again.text) == (404, True)
    assert Browser().log_in("ADA@example.COM").status_code == 303, "letters in any case are one address"
    assert client.get(made.headers["Location"]).json["hasPassword"] is True


def test_a_link_is_kept_as_a_hash_and_shown_once(client: Caller) -> None:
    first, again = (client.post(PATH, ADA, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (again.status_code, "link" in again.json) == (201, False)
    kept = chain.rows("SELECT t::text FROM user_links AS t") + chain.rows("SELECT response FROM idempotency_keys")
    assert token_of(first.json["link"]) not in str(kept)


def test_a_new_link_ends_the_old_one_and_the_second_factor(organization: Tenant, client: Caller) -> None:
    configure(master_keys=master_keys.new_key())
    made = client.post(PATH, ADA).json
    later = client.post(f"{PATH}/{made['id']}/link").json["link"].removeprefix("/console")
    chain.ask("UPDATE users SET second_factor = 'x'")
    assert Browser().get(made["link"].removeprefix("/console")).status_code == 404
    browser = Browser()
    assert browser.post(later, {"password": PASSWORD}).headers["Location"] == "/console/"
    assert client.get(f"{PATH}/{made['id']}").json["secondFactor"] is False
    acts = [line["action"] for line in client.get("/api/v1/audit-log?actor=user:1").json]
    assert acts == ["logIn", "choosePassword"], "by what else would its user see it?"


def test_a_link_opens_nothing_after_three_days(client: Caller) -> None:
    link = client.post(PATH, ADA).json["link"].removeprefix("/console")
    chain.ask("UPDATE user_links SET expires_at = clock_timestamp()")
    assert Browser().get(link).status_code == 404


def test_an_address_belongs_to_one_user_of_the_installation(client: Caller, stranger: Caller) -> None:
    client.post(PATH, ADA)
    for one in (client, stranger):
        refused = one.post(PATH, ADA | {"email": "ada@example.com"})
        assert (refused.status_code, list(refused.json["errors"])) == (409, ["email"])


def test_the_link_is_mailed_where_the_console_has_an_address(client: Caller) -> None:
    configure(master_keys=master_keys.new_key(), mail_from="billing@example.com", smtp_url="smtp://127.0.0.1:1")
    refused = client.post(PATH, ADA | {"sendMail": True})
    assert (refused.status_code, "COUNTERFOIL_PUBLIC_URL" in refused.json["detail"]) == (409, True)
    assert client.get(PATH).json == []
    configure(public_url="https://books.example")
    made = client.post(PATH, ADA | {"sendMail": True}).json
    assert made["link"].startswith("https://books.example/console/password/")
    [mail] = client.get("/api/v1/mails").json
    assert [one["address"] for one in mail["recipients"]] == ["Ada@Example.com"]
    assert token_of(made["link"]) not in str(chain.rows("SELECT m::text FROM mails AS m"))


@pytest.mark.parametrize("role", ["owner", "operator", "accountant"])
def test_nobody_invites_or_changes_who_may_do_more(role: str, organization: Tenant) -> None:
    keeper = caller(organization, "users:manage", *roles.ROLES["clerk"])
    person(organization.id, role)
    [known] = keeper.get(PATH).json
    for answer in (
        keeper.post(PATH, ADA | {"role": role}),
        keeper.put(f"{PATH}/{known['id']}", {"name": "x", "role": "clerk"}),
        keeper.post(f"{PATH}/{known['id']}/link"),
    ):
        assert answer.status_code == 403, answer.json
    assert keeper.post(PATH, ADA).status_code == 201


def test_a_key_that_expires_lets_in_nobody(client: Caller) -> None:
    """Or one that was given for an hour would be a user for ever."""
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    brief = Caller(client.post("/api/v1/keys", {"name": "x", "expiresAt": until}).json["key"])
    made = client.post(PATH, ADA).json
    changed = {"name": "x", "role": "clerk"}
    for answer in (
        brief.post(PATH, ADA | {"email": "eve@example.com"}),
        brief.put(f"{PATH}/{made['id']}", changed),
        brief.post(f"{PATH}/{made['id']}/link"),
    ):
        assert (answer.status_code, "a key that expires" in answer.json["detail"]) == (403, True)


def test_a_link_opens_nothing_once_its_user_has_chosen_another_password(organization: Tenant, client: Caller) -> None:
    browser = logged_in(organization.id, "clerk")
    link = client.post(f"{PATH}/1/link").json["link"].removeprefix("/console")
    browser.act("/account", "/account/password", password=PASSWORD, new_password="another long phrase")
    assert Browser().get(link).status_code == 404


def test_a_disabled_user_is_logged_out_at_once_and_not_let_in(organization: Tenant, client: Caller) -> None:
    browser = logged_in(organization.id, "clerk")
    [user] = client.get(PATH).json
    changed = client.put(f"{PATH}/{user['id']}", {"name": "x", "role": "clerk", "disabled": True})
    assert changed.json["disabled"] is True
    assert browser.get("/").headers["Location"].startswith("/console/login")
    assert Browser().log_in(user["email"]).status_code == 403
    assert client.post(f"{PATH}/{user['id']}/link").status_code == 409
    client.put(f"{PATH}/{user['id']}", {"name": "x", "role": "clerk"})
    assert Browser().log_in(user["email"]).status_code == 303


def test_a_role_holds_from_the_next_click_on(organization: Tenant, client: Caller) -> None:
    browser = logged_in(organization.id, "owner")
    person(organization.id, "owner", "second@example.com")
    assert browser.get("/users").status_code == 200
    client.put(f"{PATH}/1", {"name": "x", "role": "viewer"})
    assert "Invite a user" not in browser.get("/users").text


def test_whoever_invited_a_user_does_not_become_what_the_user_was_made_later(organization: Tenant) -> None:
    keeper = caller(organization, "users:manage", *roles.ROLES["clerk"])
    link = keeper.post(PATH, ADA).json["link"].removeprefix("/console")
    keeper.put(f"{PATH}/1", {"name": "Ada", "role": "viewer"})
    assert Browser().get(link).status_code == 200, "less is no danger"
    Caller(organization.key).put(f"{PATH}/1", {"name": "Ada", "role": "owner"})
    assert Browser().get(link).status_code == 404


def test_a_link_is_not_made_for_what_a_user_becomes_meanwhile(organization: Tenant) -> None:
    keeper = caller(organization, "users:manage", *roles.ROLES["clerk"])
    keeper.post(PATH, ADA)
    with ThreadPoolExecutor() as pool:
        with transaction() as session:
            users.change(session, users.get(session, organization.id, 1), name="Ada", role="owner", disabled=False)
            asked = pool.submit(keeper.post, f"{PATH}/1/link")
            wait_until(lambda: asked.done() or chain.value(LOCKED) > 0, 20)
        assert asked.result().status_code == 403


def test_the_last_owner_stays_one(organization: Tenant, client: Caller) -> None:
    person(organization.id, "owner")
    for change in ({"role": "viewer"}, {"role": "owner", "disabled": True}):
        assert client.put(f"{PATH}/1", {"name": "x", **change}).status_code == 409
    person(organization.id, "owner", "second@example.com")
    assert client.put(f"{PATH}/1", {"name": "x", "role": "viewer"}).status_code == 200


def test_two_owners_who_take_each_others_role_at_once_leave_one(organization: Tenant, client: Caller) -> None:
    ids = [1, 2]
    for n in ids:
        person(organization.id, "owner", f"{n}@example.com")
    with ThreadPoolExecutor() as pool:
        answers = pool.map(lambda n: Caller(organization.key).put(f"{PATH}/{n}", {"name": "x", "role": "viewer"}), ids)
    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_what_a_user_asked_for_is_done_in_its_name(organization: Tenant) -> None:
    with transaction() as session:
        held = users.permissions(session, organization.id, 1)
        assert held is None
        users.invite(session, organization.id, "a@example.com", "A", "viewer")
        assert "jobs:read" in (users.permissions(session, organization.id, 1) or ())
        assert users.permissions(session, organization.id + 1, 1) is None
