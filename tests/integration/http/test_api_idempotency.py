"""Idempotency-Key: one key, one effect, one answer."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

import settings
from db.transaction import transaction
from domain import idempotency
from tests import bodies, chain
from tests.caller import Caller
from tests.tenant import Tenant

GENERATE, QUEUE = "/api/v1/invoices/generate", "/api/v1/invoice-requests"
KEY = {"Idempotency-Key": "order 42"}


def creations(organization: Tenant) -> list[tuple[str, dict, str]]:
    """Return every POST that creates: its path, a body, and the table that gets a row."""
    invoice = bodies.invoice(organization.supplier_id)
    template = {"name": "Plain", "html": bodies.TEMPLATE}
    return [
        (GENERATE, invoice, "invoices"),
        (GENERATE, invoice | {"responseType": "pdf"}, "invoices"),
        ("/invoices/generate", invoice, "invoices"),
        (QUEUE, invoice, "jobs"),
        (f"{QUEUE}/bulk", {"requests": [invoice]}, "jobs"),
        ("/api/v1/parties/suppliers", bodies.party(defaultTaxRate="0.20"), "suppliers"),
        ("/api/v1/parties/clients", bodies.party(), "clients"),
        ("/api/v1/templates", template, "templates"),
    ]


def test_every_creation_is_done_once_and_answered_alike(client: Caller, organization: Tenant) -> None:
    for number, (path, body, table) in enumerate(creations(organization)):
        before = chain.value(f"SELECT count(*) FROM {table}")
        key = {"Idempotency-Key": f"key-{number}"}
        first, second = (client.post(path, body, headers=key) for _ in range(2))
        assert chain.value(f"SELECT count(*) FROM {table}") == before + 1, path
        assert (first.status_code, first.data) == (second.status_code, second.data), path
        assert first.headers.get("Location") == second.headers.get("Location")
        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"


def test_the_order_of_fields_and_white_space_do_not_matter(client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(organization.supplier_id)
    first = client.post(GENERATE, body, headers=KEY)
    turned = dict(reversed(body.items()))
    assert client.post(GENERATE, turned, headers=KEY).data == first.data


SAME = (("quantity", "2", "2.0"), ("quantity", "2e0", "2"), ("description", '"Cafe\u0301"', '"Caf\u00e9"'))
OTHER = (("quantity", "2", '"2"'), ("quantity", "2.5", "2.50001"), ("unitPrice", "NaN", '"NaN"'))


@pytest.mark.parametrize(("name", "one", "other", "status"), [*((*s, 201) for s in SAME), *((*o, 422) for o in OTHER)])
def test_a_key_stands_for_what_the_body_means(
    name: str, one: str, other: str, status: int, client: Caller, organization: Tenant
) -> None:
    """A bulk takes what is wrong too, so that its answer is kept for any value."""
    bodies_sent = [
        json.dumps(bodies.invoice(organization.supplier_id, items=[bodies.ITEM | {name: "VALUE"}]))
        .replace('"VALUE"', text)
        .encode()
        for text in (one, other)
    ]
    good = json.dumps(bodies.invoice(organization.supplier_id)).encode()
    answers = [
        client.post(f"{QUEUE}/bulk", b'{"requests": [%s, %s]}' % (good, sent), headers=KEY) for sent in bodies_sent
    ]
    assert [answer.status_code for answer in answers] == [201, status]


@pytest.mark.parametrize("path", [GENERATE, QUEUE, f"{GENERATE}?", "/invoices/generate?unpaid=true"])
def test_a_key_for_another_request_is_refused(path: str, client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(organization.supplier_id, dueDate="2099-01-01")
    client.post(GENERATE, body, headers=KEY)
    changed = body | {"notes": "another"} if path.startswith(GENERATE) else body
    answer = client.post(path, changed, headers=KEY)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert chain.value("SELECT count(*) FROM invoices") == 1


def test_a_refused_request_leaves_its_key_free(client: Caller, organization: Tenant) -> None:
    bad = bodies.invoice(organization.supplier_id + 10**6)
    assert client.post(GENERATE, bad, headers=KEY).status_code == 400
    assert client.post(GENERATE, bodies.invoice(organization.supplier_id), headers=KEY).status_code == 200


def test_a_key_is_its_organizations_own(
    client: Caller, stranger: Caller, organization: Tenant, other_organization: Tenant
) -> None:
    client.post(GENERATE, bodies.invoice(organization.supplier_id), headers=KEY)
    answer = stranger.post(GENERATE, bodies.invoice(other_organization.supplier_id), headers=KEY)
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (200, False)


def test_while_the_first_runs_the_second_is_told_so(client: Caller, organization: Tenant) -> None:
    body = bodies.invoice(organization.supplier_id)
    with transaction() as session:
        assert idempotency.lock(session, organization.id, KEY["Idempotency-Key"])
        answer = client.post(GENERATE, body, headers=KEY)
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert answer.headers["Retry-After"] == "1"
    assert client.post(GENERATE, body, headers=KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "naïve", "a\tb", "k,k", "k, k"])
def test_a_key_that_is_none_is_refused(key: str, client: Caller, organization: Tenant) -> None:
    answer = client.post(GENERATE, bodies.invoice(organization.supplier_id), headers={"Idempotency-Key": key})
    assert (answer.status_code, [*answer.json["errors"]]) == (400, ["Idempotency-Key"])


@pytest.mark.parametrize(("path", "table"), [(GENERATE, "invoices"), (QUEUE, "jobs")])
def test_fifty_threads_with_one_key_do_it_once(path: str, table: str, organization: Tenant) -> None:
    def send(n: int):
        body = bodies.invoice(organization.supplier_id, notes="another" if n % 5 == 4 else None)
        return n % 5 == 4, Caller(organization.key).post(path, body, headers=KEY)

    first = Caller(organization.key).post(
        path, bodies.invoice(organization.supplier_id), headers={"Idempotency-Key": "warm"}
    )
    with ThreadPoolExecutor(settings.current().api_threads // 2) as pool:
        answers = list(pool.map(send, range(50)))
    assert chain.value(f"SELECT count(*) FROM {table}") == 2
    outcomes = Counter((other, answer.status_code) for other, answer in answers)
    done = {answer.data for _, answer in answers if answer.status_code == first.status_code}
    assert len(done) == 1, outcomes
    assert {status for _, status in outcomes} <= {first.status_code, 409, 422}, outcomes


def test_an_unknown_outcome_is_looked_up_and_not_repeated(
    client: Caller, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection dies after the server has committed: the key tells the retry what became of it."""
    real_keep = idempotency.keep

    def keep_and_die(session, *arguments):
        real_keep(session, *arguments)
        monkeypatch.setattr(idempotency, "keep", real_keep)
        connection = session.connection().connection.driver_connection
        connection.commit()
        chain.ask("SELECT pg_terminate_backend(%s)", connection.info.backend_pid)
        session.execute(text("SELECT 1"))

    monkeypatch.setattr(idempotency, "keep", keep_and_die)
    answer = client.post(GENERATE, bodies.invoice(organization.supplier_id), headers=KEY)
    assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (200, "true")
    assert chain.value("SELECT count(*) FROM invoices") == 1
