"""Bills that are uploaded and mailed, mails that go out and events that are told, while every part and server dies."""

import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from db.engine import owner_url
from domain import encryption, master_keys
from local.broker import EmbeddedBroker
from local.postgres import EmbeddedPostgres
from local.process import LOOPBACK, free_port
from tests.chaos.monkey import Monkey
from tests.chaos.post.ending import bring_to_an_end
from tests.chaos.post.judge import delivered, faults
from tests.chaos.post.senders import Sender, Sent
from tests.chaos.post.servers import MailServer, Post, Relay, mail_server, terms
from tests.chaos.test_histories import repeatable
from tests.checker import check
from tests.conftest import configure
from tests.faults.processes import Chain
from tests.faults.proxy import Proxy
from tests.integration.gateways.authority import Authority
from tests.integration.gateways.receivers import Server, answering, serving
from tests.storages import new_folder
from tests.tenant import Tenant

SECONDS = float(os.environ.get("CHAOS_POST_SECONDS") or 300)
SENDERS_OF_EACH = 2
ONE_OF_EACH = ("api", "relay", "worker", "io", "beat")
TWO_OF_EACH = ("api", "relay", "worker", "io", *ONE_OF_EACH)
SECONDS_TO_END = 300
SAMPLE_SECONDS, SHOWN = 8, 20
# A bill and a mail are read in a jail, which takes its time on a machine that is busy.
PATIENT = {"http_timeout": 20, "task_timeout": 40, "lease": 50}
APPROVE = {"do": "approve_bill", "billId": "{{data.billId}}"}
TELL = {"do": "send_mail", "to": ["books@example.com"], "subject": "Bill {{data.billId}}", "text": "It is approved."}
AUTOMATIONS = {"bill.processed": APPROVE, "bill.needs_review": APPROVE, "bill.approved": TELL}


class Town:
    """The servers around the chain, and what the parts are told of them."""

    def __init__(self, mails: MailServer, relay: Relay, receiver: Server, given: dict[str, object]) -> None:
        self.mails, self.relay, self.receiver, self.given = mails, relay, receiver, given
        self.post = Post(mails)


@pytest.fixture
def town(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cf-mail-")))
        place.chmod(0o755)  # for Dovecot, which is nobody
        (place / "imap").mkdir()
        authority = Authority(place)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        mails = stack.enter_context(mail_server(place / "imap", authority))
        relay = stack.enter_context(Relay(tmp_path / "sent"))
        receiver = stack.enter_context(serving(answering()))
        given = PATIENT | new_folder(tmp_path).settings(
            master_keys=master_keys.new_key(),
            webhook_allow_http=1,
            webhook_allowed_networks="127.0.0.0/8",
            mailbox_allowed_networks="127.0.0.0/8",
            smtp_url=f"smtp://{LOOPBACK}:{relay.port}",
            mail_from="shop@example.com",
        )
        configure(**given)
        yield Town(mails, relay, receiver, given)


@pytest.fixture
def monkey(
    request: pytest.FixtureRequest,
    chain: Chain,
    town: Town,
    postgres: EmbeddedPostgres,
    broker_server: EmbeddedBroker,
    network: Proxy,
    seed: int,
) -> Monkey:
    """Whoever hurts the parts that the test names, and the servers around them."""
    apis = [chain.spawn("api", api_port=free_port(), **town.given) for name in request.param if name == "api"]
    for api in apis:
        chain.await_ready(api)
    others = [name for name in request.param if name != "api"]
    rng, servers = random.Random(seed), (town.mails, town.relay)
    return Monkey(chain, postgres, broker_server, network, rng, apis, others, servers, **town.given)


@pytest.mark.chaos
@pytest.mark.parametrize("monkey", [TWO_OF_EACH], indirect=True, ids=["two of each"])
def test_no_bill_mail_or_event_is_lost_or_doubled(monkey, town, seed, organization, other_organization):
    with repeatable(seed):
        live_and_verify(monkey, town, seed, [organization, other_organization], SECONDS, most_s=2.5)
    print(dict(monkey.done))


@pytest.mark.parametrize("monkey", [ONE_OF_EACH], indirect=True, ids=["one of each"])
def test_a_few_faults_lose_and_double_nothing(monkey, town, seed, organization):
    with repeatable(seed):
        live_and_verify(monkey, town, seed, [organization], SAMPLE_SECONDS, most_s=4)


def live_and_verify(
    monkey: Monkey, town: Town, seed: int, tenants: Sequence[Tenant], seconds: float, most_s: float
) -> None:
    """Have people send things for so many seconds while all is hurt; fail unless all of it came to its one end."""
    ports = [one.given["api_port"] for one in monkey.parts if one.name == "api"]
    addresses = [f"{LOOPBACK}:{port}" for port in ports]
    all_sent = [furnished(tenant, town, ports[0]) for tenant in tenants]
    senders = [
        Sender(sent, town.post, addresses, random.Random(f"{seed} {sent.tenant.id} {number}"))
        for sent in all_sent
        for number in range(SENDERS_OF_EACH)
    ]
    monkey.hurt(random.Random(seed), seconds, most_s)
    for sender in senders:
        sender.stop()
    for sender in senders:
        sender.join()
    bring_to_an_end(all_sent, town.post, ports[0], SECONDS_TO_END)
    verify(all_sent, town)


def furnished(tenant: Tenant, town: Town, port: int) -> Sent:
    """Return an organization with automations, a webhook and a mailbox; nothing hurts the parts yet."""

    def make(path: str, **body: Any) -> int:
        url, headers = f"http://{LOOPBACK}:{port}/api/v1/{path}", {"Authorization": f"Bearer {tenant.key}"}
        answer = requests.post(url, json=body, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    sent = Sent(tenant)
    make("webhooks", url=town.receiver.url(), eventTypes=["*"])
    for event, action in AUTOMATIONS.items():
        make("automations", name=event, trigger={"event": event}, actions=[action])
    town.post.put(sent.folder)
    sent.mailbox_id = make("mailboxes", name="Bills", folder=sent.folder, **terms(town.mails))
    return sent


def verify(all_sent: Sequence[Sent], town: Town) -> None:
    """Fail unless all invariants hold and everything that was sent came to its one end; say how much it was."""
    received, told = town.relay.messages(), delivered(town.receiver.requests)
    counts = [(len(one.uploads), len(one.posted), len(one.mails), len(one.requested)) for one in all_sent]
    print(f"uploads, mails in, mails asked for, requests: {counts}; mails out {len(received)}, deliveries {len(told)}")
    check(owner_url(), [one for sent in all_sent for one in sent.requested])
    wrong = [fault for sent in all_sent for fault in faults(sent, received, told)]
    wrong += town.post.faults([message_id for sent in all_sent for message_id in sent.posted])
    assert not wrong, "\n".join(wrong[:SHOWN])
