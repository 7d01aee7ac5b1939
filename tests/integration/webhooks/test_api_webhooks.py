"""What an owner may set, what is refused, and that no secret is ever shown again."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.events import feed
from domain.webhooks import registration, signatures
from tests import chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.webhooks.hook import PATH, Hook

Make = Callable[..., Hook]
URL = "https://hooks.example.com/counterfoil"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STORED = "SELECT row_to_json(w)::text FROM webhooks AS w"


def test_a_webhook_is_shown_with_its_secret_once(hook: Make, client: Caller) -> None:
    made = hook(URL, "invoice.*", "job.failed", description="Books", headers={"X-Token": "12345"})
    assert made.secret.startswith("whsec_")
    shown = client.get(made.path)
    assert shown.json == {name: value for name, value in made.shown.items() if name != "secret"}
    assert (shown.json["eventTypes"], shown.json["headerNames"]) == (["invoice.*", "job.failed"], ["X-Token"])
    assert client.get(PATH).json == [shown.json]
    everywhere = client.get(PATH).text + chain.value(STORED)
    assert made.secret not in everywhere
    assert made.secret.removeprefix("whsec_").encode().hex() not in everywhere
    assert "12345" not in everywhere
    assert b"12345".hex() not in everywhere


def test_a_secret_of_ones_own_signs_and_is_shown_once_too(hook: Make, client: Caller) -> None:
    made = hook(URL, secret=SECRET)
    assert made.secret == SECRET
    assert client.post(f"{made.path}/rotate-secret", {"secret": "It's_a_Secret_to_Everybody"}).json["secret"] == (
        "It's_a_Secret_to_Everybody"
    )
    assert made.now()["oldSecretUntil"] is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "https://127.1/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://user:pw@hooks.example.com/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "ftp://hooks.example.com/"}, "url"),
        ({"url": "nonsense"}, "url"),
        ({"url": None}, "url"),
        ({"eventTypes": []}, "eventTypes"),
        ({"eventTypes": ["invoice"]}, "eventTypes[0]"),
        ({"eventTypes": ["invoice.*", "invoice.paid"]}, "eventTypes[1]"),
        ({"eventTypes": "*"}, "eventTypes"),
        ({"secret": "short"}, "secret"),
        ({"secret": "whsec_not_base64_at_all!"}, "secret"),
        ({"secret": "whsec_c2hvcnQ1Njc4OTA="}, "secret"),
        ({"headers": {"Host": "evil"}}, "headers"),
        ({"headers": {"webhook-id": "1"}}, "headers"),
        ({"headers": {"X-Token": "a\r\nX-Evil: b"}}, "headers"),
        ({"headers": {"X Token": "a"}}, "headers"),
        ({"headers": {"X-Token": 1}}, "headers"),
        ({"headers": {f"X-{n}": "a" for n in range(21)}}, "headers"),
        ({"enabled": "yes"}, "enabled"),
        ({"retries": 3}, "retries"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(client: Caller, change: dict[str, Any], field: str) -> None:
    refused = client.post(PATH, {"url": URL, "eventTypes": ["*"]} | change)
    assert (refused.status_code, [*refused.json["errors"]]) == (400, [field]), refused.json
    assert client.get(PATH).json == []


def test_headers_stay_unless_others_are_given(hook: Make) -> None:
    made = hook(URL, headers={"X-Token": "12345"})
    assert made.change(description="changed")["headerNames"] == ["X-Token"]
    assert made.change(headers={})["headerNames"] == []


def test_without_a_master_key_the_operator_is_told_what_to_do(client: Caller) -> None:
    configure(master_keys="")
    refused = client.post(PATH, {"url": URL, "eventTypes": ["*"]})
    assert (refused.status_code, "keys master" in refused.json["detail"]) == (409, True)
    assert chain.value("SELECT count(*) FROM webhooks") == 0


def test_an_organization_has_so_many_webhooks_and_no_more(
    hook: Make, client: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "MAX_WEBHOOKS", 2)
    hook(URL)
    hook(URL)
    assert client.post(PATH, {"url": URL, "eventTypes": ["*"]}).status_code == 409


@pytest.mark.parametrize("body", [{}, {"dryRun": True}, {"after": -1}, {"since": "yesterday"}, {"status": "pending"}])
def test_a_redelivery_says_which_events(hook: Make, client: Caller, body: dict[str, Any]) -> None:
    made = hook(URL)
    assert client.post(f"{made.path}/redeliver", body).status_code == 400


def test_a_ping_that_is_sent_again_under_its_key_is_one_ping(hook: Make, client: Caller) -> None:
    made = hook("https://192.0.43.8/")
    answers = [client.post(f"{made.path}/ping", headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert chain.value("SELECT count(*) FROM pending_events") == 1


def test_a_webhook_and_a_rotation_that_are_sent_again_under_their_key_are_one(client: Caller) -> None:
    """Or a lost answer would double every delivery, or end the time in which the receiver's secret still signs."""
    for path, body in ((PATH, {"url": URL, "eventTypes": ["*"]}), (f"{PATH}/1/rotate-secret", {})):
        path = path.replace("/1/", f"/{chain.value('SELECT max(id) FROM webhooks')}/")
        first, second = (client.post(path, body, headers={"Idempotency-Key": path}) for _ in range(2))
        assert (first.status_code, first.json) == (second.status_code, second.json)
        assert second.headers["Idempotent-Replayed"] == "true"
        answers = chain.value("SELECT string_agg(CAST(k AS text), '') FROM idempotency_keys AS k")
        assert first.json["url"] in answers
        assert first.json["secret"] not in answers
    assert chain.value("SELECT count(*) FROM webhooks") == 1
    assert client.get(PATH).json[0].keys() == first.json.keys() - {"secret"}


def test_the_spec_says_what_is_posted_and_how_it_is_signed(client: Caller) -> None:
    [described] = [one["post"] for one in client.get("/openapi.json").json["webhooks"].values()]
    sent = signatures.headers([SECRET], "1", 1, b"{}")
    assert [one["name"] for one in described["parameters"]] == [*sent]
    body = described["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    shown = client.get("/openapi.json").json["components"]["schemas"][body.rpartition("/")[2]]
    event = feed.Event(1, 1, uuid4(), "webhook.pinged", datetime.now(UTC), "{}")
    assert shown["properties"].keys() == json.loads(event.text()).keys()
