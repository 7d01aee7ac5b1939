"""What is kept of a client goes when it is asked for, but for what the law keeps; the answer says which is which."""

from typing import Any

import pytest

from db.transaction import transaction
from domain.master_keys import Undecryptable
from domain.parties import contacts
from tests import bodies, chain
from tests.caller import Caller
from tests.integration.personal_data.conftest import CLIENT, CLIENTS, MARK, issue, make, tables_with
from tests.tenant import Tenant

REQUESTS = "/api/v1/invoice-requests"
FAIL = "UPDATE jobs SET status = 'FAILED', error = %s, completed_at = clock_timestamp() WHERE id = %s"
NO_ENTRY = "DELETE FROM outbox WHERE job_id = %s"


def path(client_id: int) -> str:
    return f"{CLIENTS}/{client_id}/personal-data"


def failed_request(client: Caller, supplier_id: int, **party: Any) -> int:
    """Return a request that names the client and has failed, after an attempt that said so."""
    answer = client.post(REQUESTS, bodies.invoice(supplier_id, client=CLIENT | party, notes=f"for {MARK}"))
    job_id = answer.json["requestId"]
    chain.ask(NO_ENTRY, job_id)
    chain.ask(FAIL, f'"{MARK}" is another', job_id)
    chain.ask(
        "INSERT INTO job_attempts (job_id, attempt, outcome, error, started_at)"
        " VALUES (%s, 1, 'failed', %s, clock_timestamp())",
        job_id,
        MARK,
    )
    return job_id


def everything(client: Caller, organization: Tenant, client_id: int) -> str:
    """Have the client in each table that can say something of a client; return the number of its invoice."""
    number = issue(client, organization.supplier_id, client={"id": client_id}, notes=f"for {MARK}")
    issue(client, organization.supplier_id, client=CLIENT)
    failed_request(client, organization.supplier_id)
    body = {"message": f"Dear {MARK}"}
    sent = client.send("POST", f"/api/v1/invoices/{number}/send", body, headers={"Idempotency-Key": "mail"})
    assert sent.status_code == 202, sent.json
    mail = {"to": [CLIENT["email"]], "subject": f"To {MARK}", "text": f"Dear {MARK}"}
    assert client.post("/api/v1/mails", mail).status_code == 202
    chain.ask("DELETE FROM outbox WHERE kind = 'mail.send'")
    chain.ask(
        "UPDATE jobs SET status = 'CANCELLED', completed_at = clock_timestamp() WHERE kind = 'mail.send'",
    )
    chain.ask(
        "INSERT INTO mailbox_mails (organization_id, mailbox_id, epoch, uid_validity, uid, message_id, subject, sender,"
        " size, outcome, attachments) VALUES (%s, 1, 1, 1, 1, %s, %s, %s, 1, 'imported', %s)",
        organization.id,
        f"<{MARK}@x>",
        f"From {MARK}",
        f"{MARK} <{CLIENT['email'].lower()}>",
        f'[{{"name": "{MARK}.pdf", "type": "application/pdf", "size": 1}}]',
    )
    chain.ask(
        "INSERT INTO events (organization_id, sequence, id, type, data, created_at) SELECT %s, 1, gen_random_uuid(),"
        " 'mail.refused', jsonb_build_object('mailId', min(id), 'refused', %s::text), clock_timestamp() FROM mails",
        organization.id,
        CLIENT["email"],
    )
    again = client.send(
        "POST", CLIENTS, CLIENT | {"taxId": f"{MARK}2", "vatId": None}, headers={"Idempotency-Key": "c"}
    )
    assert again.status_code == 201
    return number


def test_all_goes_but_what_the_law_keeps(made: int, client: Caller, organization: Tenant) -> None:
    everything(client, organization, made)
    counted = client.delete(f"{path(made)}?dryRun=true")
    assert (counted.status_code, counted.json["dryRun"]) == (200, True)
    assert client.get(f"{CLIENTS}/{made}").json["email"] == CLIENT["email"], "a dry run has removed something"
    removed = client.delete(path(made))
    assert removed.json == counted.json | {"dryRun": False}
    assert removed.json["removed"] == {
        "clients": 1, "keys": 1, "requests": 1, "payloads": 0, "mails": 2, "importedMails": 1, "refusedAddresses": 1,
        "answers": 2,
    }  # fmt: skip
    [invoices, *others] = removed.json["kept"]
    year = chain.value("SELECT CAST(extract(year FROM max(issue_date)) AS int) FROM invoices")
    assert (invoices["what"], invoices["number"], invoices["until"]) == ("invoices", 2, f"{year + 10}-12-31")
    assert "2006/112/EC" in invoices["reason"]
    assert [one["what"] for one in others] == ["backups", "receivers"]
    chain.ask("DELETE FROM data_keys WHERE client_id = 2")
    chain.ask("DELETE FROM clients WHERE id = 2")  # the other of the same name, who asked for nothing
    assert tables_with() == ["invoices"]
    assert client.get(f"{CLIENTS}/{made}").status_code == 404
    assert client.get(CLIENTS).json == []


def test_who_removed_it_is_on_record_and_not_what(made: int, client: Caller) -> None:
    client.delete(f"{path(made)}?dryRun=true")
    client.delete(path(made))
    [entry] = [one for one in client.get("/api/v1/audit-log").json if one["action"] == "removePersonalData"]
    assert entry["target"] == path(made)
    assert tables_with() == []


def test_it_can_be_asked_for_again(made: int, client: Caller, organization: Tenant) -> None:
    issue(client, organization.supplier_id, client={"id": made})
    first = client.delete(path(made)).json
    again = client.delete(path(made))
    assert (again.status_code, set(again.json["removed"].values())) == (200, {0})
    assert again.json["kept"] == first["kept"]


def test_a_removed_client_is_a_new_one_to_the_next_request(made: int, client: Caller, organization: Tenant) -> None:
    client.delete(path(made))
    issue(client, organization.supplier_id, client=CLIENT)
    assert chain.rows("SELECT id, name FROM clients ORDER BY id") == [(made, "-"), (made + 1, CLIENT["name"])]


def test_unfinished_work_comes_first(made: int, client: Caller, organization: Tenant) -> None:
    waiting = client.post(REQUESTS, bodies.invoice(organization.supplier_id, client={"id": made})).json["requestId"]
    for options in ("?dryRun=true", ""):
        refused = client.delete(f"{path(made)}{options}")
        assert (refused.status_code, refused.json["requestIds"]) == (409, [waiting])
        assert f"the requests {waiting} for this client wait or run" in refused.json["detail"]
    assert client.post(f"/api/v1/jobs/{waiting}/cancel").status_code == 200
    assert client.delete(path(made)).json["removed"]["requests"] == 1


def test_a_mail_on_its_way_comes_first(made: int, client: Caller, organization: Tenant) -> None:
    number = issue(client, organization.supplier_id, client={"id": made})
    mail = client.post(f"/api/v1/invoices/{number}/send").json
    refused = client.delete(path(made))
    assert (refused.status_code, refused.json["mailIds"]) == (409, [mail["id"]])
    client.post(f"/api/v1/jobs/{mail['jobId']}/cancel")
    assert client.delete(path(made)).json["removed"]["mails"] == 1


def test_a_mail_is_kept_under_the_key_of_its_client(made: int, client: Caller, organization: Tenant) -> None:
    number = issue(client, organization.supplier_id, client={"id": made})
    body = {"message": f"Dear {MARK}", "to": ["other@example.com", CLIENT["email"]]}
    about = client.post(f"/api/v1/invoices/{number}/send", body).json
    written = client.post("/api/v1/mails", {"to": [CLIENT["email"].lower()], "subject": "x", "text": MARK}).json
    assert chain.rows("SELECT client_id, recipients ->> 0 ~ '@' FROM mails") == [(made, False)] * 2
    assert "mails" not in tables_with()
    assert [one["address"] for one in about["recipients"]] == body["to"]
    assert client.get(f"/api/v1/mails/{written['id']}").json["recipients"] == written["recipients"]
    assert written["recipients"][0]["address"] == CLIENT["email"].lower()
    chain.ask("CREATE TABLE copied AS SELECT * FROM mails")
    chain.ask("UPDATE jobs SET status = 'CANCELLED', completed_at = clock_timestamp() WHERE kind = 'mail.send'")
    client.delete(path(made))
    chain.ask("INSERT INTO mails OVERRIDING SYSTEM VALUE SELECT * FROM copied")
    again = client.get(f"/api/v1/mails/{about['id']}").json
    assert [one["address"] for one in again["recipients"]] == ["-", "-"]


@pytest.mark.parametrize(("party", "removed"), [
    ({"taxId": f" {MARK.lower()}-7", "name": "Other", "vatId": None}, 1),
    ({"taxId": None, "vatId": None, "phone": None, "email": CLIENT["email"].upper()}, 1),
    ({"taxId": None, "vatId": None, "name": "Somebody else"}, 0),
    ({"taxId": "9", "vatId": None, "phone": "1", "email": "other@example.com", "addressLine1": "Elsewhere"}, 0),
])  # fmt: skip
def test_failed_requests_that_mean_the_client_go(
    made: int, client: Caller, organization: Tenant, party: dict[str, Any], removed: int
) -> None:
    failed_request(client, organization.supplier_id, **party)
    assert client.delete(path(made)).json["removed"]["requests"] == removed


def test_an_answer_that_is_gone_is_told_and_its_work_not_done_again(master_key: str, client: Caller) -> None:
    key = {"Idempotency-Key": "once"}
    made = client.send("POST", CLIENTS, CLIENT, headers=key).json["id"]
    assert client.delete(path(made)).json["removed"]["answers"] == 1
    again = client.send("POST", CLIENTS, CLIENT, headers=key)
    assert (again.status_code, again.json["title"]) == (410, "Gone")
    assert client.get(CLIENTS).json == []


def test_what_comes_back_from_a_copy_is_unreadable(made: int, client: Caller) -> None:
    chain.ask("CREATE TABLE copied AS SELECT * FROM clients")
    client.delete(path(made))
    chain.ask("UPDATE clients SET contact = copied.contact FROM copied WHERE copied.id = clients.id")
    with transaction() as session:
        [back] = contacts.opened(session, [session.get_one(contacts.Client, made)])
        assert (back.email, back.city) == (None, None)
    another = make(client)
    chain.ask("UPDATE clients SET contact = copied.contact FROM copied WHERE clients.id = %s", another)
    with pytest.raises(Undecryptable), transaction() as session:
        contacts.opened(session, [session.get_one(contacts.Client, another)])


def test_a_part_can_delete_no_key_of_an_organization(
    made: int, organization: Tenant, other_organization: Tenant
) -> None:
    from db.queries import run

    with transaction() as session:
        other = {"organization_id": other_organization.id, "client_id": made}
        assert run(session, "remove_client_key", **other) == []
        assert run(session, "remove_client_key", organization_id=organization.id, client_id=None) == []
    assert chain.value("SELECT count(*) FROM data_keys") == 2


def test_all_that_is_kept_is_exported_with_where_it_came_from(made: int, client: Caller, organization: Tenant) -> None:
    number = everything(client, organization, made)
    exported = client.get(path(made))
    assert exported.status_code == 200
    data = exported.json
    assert {name: data["client"][name] for name in CLIENT} == CLIENT
    assert [(one["action"], one["actor"]) for one in data["changes"]] == [("createClient", "key:1")]
    assert [one["invoiceNumber"] for one in data["invoices"]] == [number, "INV-000002"]
    assert client.get(data["invoices"][0]["url"]).json["client"]["email"] == CLIENT["email"]
    [request] = data["requests"]
    assert (request["status"], request["data"]["notes"]) == ("FAILED", f"for {MARK}")
    assert [one["message"] for one in data["mails"]] == [f"Dear {MARK}"] * 2
    assert [one["recipients"] for one in data["mails"]] == [[CLIENT["email"]]] * 2
    assert data["importedMails"][0]["attachments"] == [f"{MARK}.pdf"]
    [entry] = [one for one in client.get("/api/v1/audit-log").json if one["action"] == "exportPersonalData"]
    assert entry["target"] == path(made)


@pytest.mark.parametrize("role", ["viewer", "clerk", "accountant"])
def test_only_owners_export_and_remove(made: int, client: Caller, role: str) -> None:
    key = client.post("/api/v1/keys", {"name": "x", "role": role}).json["key"]
    assert Caller(key).get(path(made)).status_code == Caller(key).delete(path(made)).status_code == 403


def test_a_strangers_client_is_not_found(made: int, stranger: Caller, client: Caller) -> None:
    assert stranger.get(path(made)).status_code == stranger.delete(path(made)).status_code == 404
    assert client.get(f"{CLIENTS}/{made}").status_code == 200
