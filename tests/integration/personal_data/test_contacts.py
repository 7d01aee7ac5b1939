"""Where a client is reached is kept encrypted, under a key of the client's own, and is read as if it was not."""

import pytest

from db.transaction import transaction
from domain import encryption
from domain.master_keys import Undecryptable
from domain.parties import contacts
from domain.personal_data import encrypting
from tasks.app import cleanup
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.doctor.found import found
from tests.integration.personal_data.conftest import CLIENT, CLIENTS, CONTACT, MARK, issue, make, tables_with
from tests.tenant import Tenant

REST = {name: value for name, value in CLIENT.items() if name not in CONTACT}


def plain() -> int:
    return chain.value("SELECT count(*) FROM clients WHERE contact IS NULL")


def test_a_contact_is_shown_and_kept_in_plain_nowhere(made: int, client: Caller) -> None:
    shown = client.get(f"{CLIENTS}/{made}").json
    assert shown | CLIENT == shown
    assert client.get(CLIENTS).json == [shown]
    assert tables_with() == ["clients"], "its name and ids, by a part of which it is found"
    for name in CONTACT:
        assert tables_with(CLIENT[name]) == []


def test_a_client_of_an_invoice_is_encrypted_and_found_again(
    master_key: str, client: Caller, organization: Tenant
) -> None:
    issue(client, organization.supplier_id, client=CLIENT)
    assert (plain(), chain.value("SELECT count(*) FROM data_keys WHERE client_id = 1")) == (0, 1)
    number = issue(client, organization.supplier_id, client={"id": 1})
    party = client.get(f"/api/v1/invoices/{number}").json["client"]
    assert party | CLIENT == party
    issue(client, organization.supplier_id, client=CLIENT)
    assert chain.value("SELECT count(*) FROM clients") == 1


def test_a_changed_contact_is_encrypted_under_the_same_key(made: int, client: Caller) -> None:
    changed = client.put(f"{CLIENTS}/{made}", CLIENT | {"city": "Norfolk", "phone": None})
    assert (changed.json["city"], changed.json["phone"], changed.json["email"]) == ("Norfolk", None, CLIENT["email"])
    assert (plain(), chain.value("SELECT count(*) FROM data_keys WHERE client_id = 1")) == (0, 1)


@pytest.mark.parametrize(("search", "count"), [
    (CLIENT["email"], 1), (CLIENT["email"].upper(), 1), (f"x{CLIENT['email']}", 0), (CLIENT["email"][1:], 0),
    (MARK.lower(), 1), (CLIENT["vatId"], 1),
])  # fmt: skip
def test_a_client_is_found_by_a_whole_address_or_a_part_of_name_and_ids(
    made: int, client: Caller, organization: Tenant, search: str, count: int
) -> None:
    assert len(client.get(f"{CLIENTS}/search", query_string={"q": search}).json) == count


def test_an_address_is_found_by_its_own_organization_alone(made: int, client: Caller, stranger: Caller) -> None:
    make(stranger)
    indexes = chain.rows("SELECT email_index FROM clients")
    assert len({bytes(index) for (index,) in indexes}) == 2, "the same address looks alike in two organizations"


@pytest.mark.parametrize("moved", [
    "UPDATE clients SET contact = other.contact FROM clients AS other WHERE clients.id = 1 AND other.id = 2",
    "UPDATE data_keys SET client_id = 3 - client_id WHERE client_id IS NOT NULL AND client_id = 1",
])  # fmt: skip
def test_a_contact_in_another_row_is_refused(made: int, client: Caller, moved: str) -> None:
    make(client, taxId="8", vatId="BG9")
    if "data_keys" in moved:
        chain.ask("DELETE FROM data_keys WHERE client_id = 2")
    chain.ask(moved)
    with pytest.raises(Undecryptable), transaction() as session:
        contacts.opened(session, [session.get_one(contacts.Client, 2 if "data_keys" in moved else 1)])


def test_a_contact_in_another_organization_is_refused(made: int, other_organization: Tenant) -> None:
    for table in ("clients", "data_keys"):
        chain.ask(f"UPDATE {table} SET organization_id = %s", other_organization.id)
    with pytest.raises(Undecryptable, match="changed, or encrypted for another place"), transaction() as session:
        contacts.opened(session, [session.get_one(contacts.Client, made)])


def test_a_client_whose_key_is_lost_is_entered_anew(made: int, client: Caller) -> None:
    chain.ask("DELETE FROM data_keys")
    shown = client.get(f"{CLIENTS}/{made}").json
    assert (shown["name"], shown["email"], shown["city"]) == (CLIENT["name"], None, None)
    again = client.put(f"{CLIENTS}/{made}", CLIENT).json
    assert again | CLIENT == again
    assert len(client.get(f"{CLIENTS}/search", query_string={"q": CLIENT["email"]}).json) == 1


def test_without_a_master_key_a_contact_is_kept_as_it_is_and_encrypted_once_there_is_one(
    client: Caller, organization: Tenant, other_organization: Tenant, settings_return: None
) -> None:
    configure(master_keys="")
    make(client)
    make(Caller(other_organization.key))
    assert (plain(), chain.value("SELECT count(*) FROM data_keys")) == (2, 0)
    cleanup()
    assert found("encryption").measured == "the contact data of 2 clients is kept in plain"
    assert chain.value("SELECT count(*) FROM jobs") == 0, "an installation without a key owes nothing"
    shown = client.get(f"{CLIENTS}/1").json
    configure(master_keys=encryption.master_keys.new_key())
    make(client, taxId="2", vatId="BG2")
    for _ in range(2):
        cleanup()
    assert chain.rows("SELECT organization_id FROM jobs ORDER BY 1") == [(organization.id,), (other_organization.id,)]
    chain.run_waiting(encrypting.KIND)
    assert (plain(), found("encryption").verdict) == (0, "ok")
    assert client.get(f"{CLIENTS}/1").json == shown
    assert len(client.get(f"{CLIENTS}/search", query_string={"q": CLIENT["email"]}).json) == 2


def test_many_clients_of_a_bulk_request_are_created_as_they_were_given(
    master_key: str, client: Caller, organization: Tenant, lanes: None
) -> None:
    requests = [
        bodies.invoice(organization.supplier_id, client=CLIENT | {"name": f"N{n}", "taxId": f"T{n}", "vatId": None})
        for n in range(20)
    ]
    assert client.post("/api/v1/invoice-requests/bulk", {"requests": requests}).status_code == 201
    while chain.relay() + chain.work():
        pass
    assert (plain(), chain.value("SELECT count(*) FROM data_keys WHERE client_id IS NOT NULL")) == (0, 20)
    found = client.get(CLIENTS).json
    assert sorted(one["name"] for one in found) == sorted(f"N{n}" for n in range(20))
    assert {one["email"] for one in found} == {CLIENT["email"]}
    assert all(one["taxId"] == one["name"].replace("N", "T") for one in found)
