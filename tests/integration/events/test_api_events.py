"""Events over HTTP: read in pages, waited for, followed; what is past its retention is said."""

import json
import threading
from typing import Any

import pytest

from api.events import endpoints
from api.http.subscribers import subscribers
from db.transaction import transaction
from domain.events.telling import KIND
from tasks.app import cleanup
from tests import chain
from tests.caller import Caller
from tests.integration.events.test_sequencing import listen, ping
from tests.tenant import Tenant
from tests.waiting import wait_until

PATH = "/api/v1/events"


def told(organization: Tenant, *numbers: int) -> None:
    ping(organization, *numbers)
    chain.run_waiting(KIND)


def test_who_asks_is_told_from_then_on(organization: Tenant, client: Caller, stranger: Caller) -> None:
    told(organization, 0)
    assert client.get(PATH).json == []
    told(organization, 1, 2)
    events = client.get(PATH).json
    assert [(event["sequence"], event["type"], event["data"]) for event in events] == [
        (1, "webhook.pinged", {"number": 1}), (2, "webhook.pinged", {"number": 2}),
    ]  # fmt: skip
    assert set(events[0]) == {"id", "type", "sequence", "createdAt", "organizationId", "data"}
    assert client.get(f"{PATH}?after=1").json == events[1:]
    assert client.get(f"{PATH}?after=2").json == []
    assert stranger.get(PATH).json == []


def test_a_page_leads_to_the_next(organization: Tenant, client: Caller) -> None:
    listen(organization)
    told(organization, *range(5))
    answer, seen = client.get(f"{PATH}?limit=2"), []
    while True:
        seen += [event["sequence"] for event in answer.json]
        if "Link" not in answer.headers:
            break
        answer = client.get(answer.headers["Link"].partition("<")[2].partition(">")[0])
    assert seen == [1, 2, 3, 4, 5]


def test_a_type_or_a_family_is_asked_for(organization: Tenant, client: Caller) -> None:
    listen(organization)
    told(organization, 1)
    chain.submit(organization, "Client")
    chain.run_waiting("invoice.generate")
    chain.run_waiting(KIND)

    def types(query: str) -> list[str]:
        return [event["type"] for event in client.get(f"{PATH}?type={query}").json]

    assert types("invoice.issued") == types("invoice.*") == ["invoice.issued"]
    assert (types("webhook.*"), types("transfer.*")) == (["webhook.pinged"], [])
    assert types("*") == ["webhook.pinged", "invoice.issued"]


@pytest.mark.parametrize("query", ["type=invoice", "type=*.issued", "type=a", "after=-1", "limit=1001", "since=1"])
def test_a_wrong_question_names_its_field(client: Caller, query: str) -> None:
    refused = client.get(f"{PATH}?{query}")
    assert (refused.status_code, [*refused.json["errors"]]) == (400, [query.partition("=")[0]])


def test_an_empty_answer_waits_for_an_event(organization: Tenant, client: Caller) -> None:
    listen(organization)
    answers: list[Any] = []
    asks = threading.Thread(target=lambda: answers.append(client.get(PATH, headers={"Prefer": "wait=20"})))
    asks.start()
    wait_until(lambda: subscribers()._all, 10, "nobody waits")
    told(organization, 7)
    asks.join(20)
    assert [event["data"] for event in answers[0].json] == [{"number": 7}]
    assert answers[0].headers["Preference-Applied"] == "wait=20"


def test_a_stream_goes_on_after_the_last_event_that_was_seen(organization: Tenant, client: Caller) -> None:
    listen(organization)
    told(organization, *range(1, 4))
    stream = client.get(f"{PATH}/stream", headers={"Last-Event-ID": "1"})
    messages = iter(stream.response)
    text = b""
    while text.count(b"\n\n") < 2:
        text += next(messages)
    told(organization, 4)
    while text.count(b"\n\n") < 3:
        text += next(messages)
    stream.close()
    lines = [line.partition(": ") for line in text.decode().split("\n") if line]
    assert [value for name, _, value in lines if name == "id"] == ["2", "3", "4"]
    assert {value for name, _, value in lines if name == "event"} == {"webhook.pinged"}
    shown = client.get(f"{PATH}?after=1").json
    assert [json.loads(value) for name, _, value in lines if name == "data"] == shown


def test_a_stream_of_other_types_does_not_look_at_the_same_events_again(organization: Tenant) -> None:
    listen(organization)
    told(organization, *range(1, 4))
    follower = endpoints.Follower(organization.id, 0, "invoice.*")
    with transaction() as session:
        found = endpoints.Follower.look(session, [follower])
    assert follower.news(found[follower]) == (b"", False)
    with transaction() as session:
        assert endpoints.Follower.look(session, [follower]) == {}


@pytest.mark.parametrize("listening", [True, False])
def test_a_number_that_no_event_has_yet_is_refused_with_the_last_one(
    organization: Tenant, client: Caller, listening: bool
) -> None:
    """Whoever has seen more knew a database from before a restore, and would drop what comes as had already."""
    if listening:
        listen(organization)
        told(organization, 1, 2)
    last = 2 if listening else 0
    for path, headers in (
        (f"{PATH}?after=3", {}),
        (f"{PATH}/stream?after=3", {}),
        (f"{PATH}/stream", {"Last-Event-ID": "3"}),
    ):
        refused = client.get(path, headers=headers)
        assert (refused.status_code, refused.json["after"]) == (409, last), path
    assert client.get(f"{PATH}?after={last}").json == []


@pytest.mark.parametrize("last", ["abc", "-1", "1.5", "1" * 19])
def test_a_last_event_that_is_no_number_is_refused(organization: Tenant, client: Caller, last: str) -> None:
    refused = client.get(f"{PATH}/stream", headers={"Last-Event-ID": last})
    assert (refused.status_code, [*refused.json["errors"]]) == (400, ["Last-Event-ID"])


def test_what_is_past_its_retention_is_gone_and_says_so(organization: Tenant, client: Caller) -> None:
    listen(organization)
    told(organization, 1, 2, 3)
    chain.ask("SELECT make_week('events', CAST(date_trunc('week', now() - interval '60 days') AS date))")
    chain.ask("UPDATE events SET sequenced_at = sequenced_at - interval '60 days' WHERE sequence < 3")
    cleanup()
    assert [event["sequence"] for event in client.get(PATH).json] == [3]
    gone = client.get(f"{PATH}?after=1")
    assert (gone.status_code, gone.json["after"]) == (410, 2)
    assert [event["sequence"] for event in client.get(f"{PATH}?after=2").json] == [3]
    chain.ask("UPDATE events SET sequenced_at = sequenced_at - interval '90 days'")
    cleanup()
    assert client.get(f"{PATH}?after=2").status_code == 410, "of a week without a partition they go as well"
    assert client.get(f"{PATH}?after=3").json == []
