"""Keys: shown once, bounded by who makes them, and of no use once they are revoked or have expired."""

from datetime import UTC, datetime, timedelta

import pytest

from db.transaction import leave_server
from tests import chain
from tests.caller import Caller
from tests.conftest import execute
from tests.integration.identity.test_roles import caller
from tests.tenant import Tenant

PATH = "/api/v1/keys"
VIEWER = {"name": "Reports", "role": "viewer"}


def test_a_key_is_shown_once_and_kept_as_a_hash(client: Caller) -> None:
    made = client.post(PATH, VIEWER)
    secret = made.json["key"]
    assert (made.status_code, made.headers["Location"]) == (201, f"{PATH}/{made.json['id']}")
    assert Caller(secret).get("/api/v1/invoices").status_code == 200
    shown = client.get(made.headers["Location"]).json
    assert shown == {name: value for name, value in made.json.items() if name != "key"} | {
        "lastUsedAt": shown["lastUsedAt"]
    }
    assert shown["lastFour"] == secret[-4:]
    listed = client.get(PATH)
    assert [key["name"] for key in listed.json] == ["first", "Reports"]
    everywhere = [row for (table,) in chain.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    ) for row in chain.rows(f'SELECT t::text FROM "{table}" AS t')]  # fmt: skip
    assert secret not in str(everywhere)


def test_a_repeated_request_makes_no_second_key_and_does_not_show_it_again(client: Caller) -> None:
    first, again = (client.post(PATH, VIEWER, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (again.status_code, again.json["id"]) == (201, first.json["id"])
    assert "key" not in again.json
    assert len(client.get(PATH).json) == 2


def test_without_a_word_a_key_is_an_owners(client: Caller) -> None:
    assert client.post(PATH, {"name": "All"}).json["role"] == "owner"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "x", "scopes": ["jobs:fly"]}, "scopes[0]"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "role": "viewer", "scopes": ["jobs:read"]}, "scopes"),
        ({"name": "x", "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"name": " "}, "name"),
    ],
)
def test_a_wrong_key_is_refused_by_its_field(body: dict, field: str, client: Caller) -> None:
    refused = client.post(PATH, body)
    assert (refused.status_code, list(refused.json["errors"])) == (400, [field])


@pytest.mark.parametrize("role", ["operator", "owner", "accountant"])
def test_nobody_gives_what_they_do_not_have(role: str, organization: Tenant) -> None:
    keeper = caller(organization, "keys:manage", "invoices:read")
    refused = keeper.post(PATH, {"name": "x", "role": role})
    assert (refused.status_code, refused.json["permission"]) == (403, "accounting:read")
    assert keeper.post(PATH, {"name": "x", "scopes": ["jobs:read"]}).json["permission"] == "jobs:read"
    assert keeper.post(PATH, {"name": "x", "scopes": ["invoices:read"]}).status_code == 201


def test_nobody_takes_away_what_they_do_not_have(organization: Tenant, client: Caller) -> None:
    """Or whoever may make weak keys could lock the owner out."""
    keeper = caller(organization, "keys:manage")
    assert keeper.delete(f"{PATH}/1").json["permission"] == "accounting:read"
    assert client.get(PATH).status_code == 200


def test_no_key_outlives_the_one_that_made_it(client: Caller) -> None:
    """Or one that was given for an hour would be one for ever."""
    hour = datetime.now(UTC) + timedelta(hours=1)
    brief = Caller(client.post(PATH, {"name": "x", "expiresAt": hour.isoformat()}).json["key"])
    for later in ({}, {"expiresAt": (hour + timedelta(seconds=1)).isoformat()}):
        refused = brief.post(PATH, {"name": "y", **later})
        assert (refused.status_code, list(refused.json["errors"])) == (400, ["expiresAt"])
    assert brief.post(PATH, {"name": "y", "expiresAt": hour.isoformat()}).status_code == 201


def test_a_key_opens_though_it_cannot_be_written_down_that_it_was_used(client: Caller, database: str) -> None:
    execute(database, "ALTER TABLE api_keys ADD CHECK (last_used_at IS NULL)")
    assert client.get(PATH).status_code == 200


def test_an_owner_makes_no_operator(client: Caller) -> None:
    assert client.post(PATH, {"name": "x", "role": "operator"}).json["permission"] == "installation:manage"


def test_a_key_opens_nothing_once_it_has_expired(client: Caller) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    made = client.post(PATH, {**VIEWER, "expiresAt": until.isoformat()})
    key = Caller(made.json["key"])
    assert key.get("/api/v1/invoices").status_code == 200
    chain.ask("UPDATE api_keys SET expires_at = clock_timestamp() WHERE id = %s", made.json["id"])
    assert key.get("/api/v1/invoices").status_code == 401
    assert client.get(made.headers["Location"]).status_code == 404


def test_a_key_opens_nothing_once_it_is_revoked(client: Caller) -> None:
    made = client.post(PATH, VIEWER)
    assert client.delete(made.headers["Location"]).status_code == 204
    assert Caller(made.json["key"]).get("/api/v1/invoices").status_code == 401
    assert client.delete(made.headers["Location"]).status_code == 404
    assert [key["name"] for key in client.get(PATH).json] == ["first"]


def test_when_a_key_was_used_is_known_to_the_minute(client: Caller) -> None:
    used = "SELECT last_used_at FROM api_keys"
    client.get(PATH)
    first = chain.value(used)
    client.get(PATH)
    assert chain.value(used) == first, "a key that is in use is written down once a minute"
    chain.ask("UPDATE api_keys SET last_used_at = last_used_at - interval '2 minutes'")
    client.get(PATH)
    assert chain.value(used) > first


def test_a_key_opens_a_database_that_can_only_be_read(client: Caller, database: str) -> None:
    """As after a failover, when the new primary is not there yet."""
    name = chain.value("SELECT current_database()")
    execute(database, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    leave_server()
    assert client.get(PATH).status_code == 200
