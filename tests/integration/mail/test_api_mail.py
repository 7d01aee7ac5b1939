"""Mails over the API: what is accepted is sent, what cannot be sent is refused with a word."""

import io

import pikepdf
import pytest

from db.transaction import transaction
from domain.einvoices import syntax
from domain.errors import Invalid
from domain.mail import sending
from domain.mail.sending import KIND
from tasks.app import cleanup
from tests import bodies, chain
from tests.caller import Caller
from tests.conftest import configure
from tests.integration.mail.conftest import SENDER, issue
from tests.integration.mail.relays import Relay
from tests.tenant import Tenant

MAILS = "/api/v1/mails"
NOTE = {"to": ["ada@example.com"], "subject": "Closed on Friday", "text": "Dear Ada,\n\nwe are closed."}
E_INVOICES = {
    "taxId": "201234567", "vatId": "BG201234567", "iban": "DE89370400440532013000", "email": "shop@acme.example",
    "phone": "+359 2 1234567",
}  # fmt: skip


def send(client: Caller, number: str, **body: object) -> dict:
    answer = client.post(f"/api/v1/invoices/{number}/send", body or None)
    assert answer.status_code == 202, answer.json
    assert answer.headers["Location"] == f"{MAILS}/{answer.json['id']}"
    return answer.json


def shown(client: Caller, mail: dict) -> dict:
    return client.get(f"{MAILS}/{mail['id']}").json


def replace_supplier(client: Caller, organization: Tenant, **changes: object) -> None:
    path = f"/api/v1/parties/suppliers/{organization.supplier_id}"
    body = bodies.party(name="Acme Ltd", country="BG", city="Sofia", addressLine1="1 Main Street") | changes
    answer = client.put(path, body)
    assert answer.status_code == 200, answer.json


def test_an_invoice_goes_to_its_client_in_its_language_with_its_print(
    client: Caller, organization: Tenant, relay: Relay
) -> None:
    replace_supplier(client, organization, localeCode="bg_BG", email="shop@acme.example")
    number = issue(client, organization.supplier_id)
    mail = send(client, number, message="Поздрави <3")
    assert (mail["status"], mail["error"], mail["subject"]) == ("queued", None, f"Фактура {number} от Acme Ltd")
    chain.run_waiting(KIND)
    [message] = relay.messages
    assert (message["from"].addresses[0].display_name, message["from"].addresses[0].addr_spec) == ("Acme Ltd", SENDER)
    assert (message["to"], message["reply-to"]) == ("ada@example.com", "shop@acme.example")
    assert (message["subject"], message["message-id"]) == (mail["subject"], mail["messageId"])
    text = message.get_body(("plain",)).get_content()
    assert text.startswith("Уважаеми дами и господа,")
    assert "Поздрави <3" in text
    assert "<p>Поздрави &lt;3</p>" in message.get_body(("html",)).get_content()
    [pdf] = message.iter_attachments()
    assert (pdf.get_content_type(), pdf.get_filename()) == ("application/pdf", f"{number}.pdf")
    assert pdf.get_content() == client.get(f"/api/v1/invoices/{number}/pdf").data
    done = shown(client, mail)
    [recipient] = done["recipients"]
    assert (done["status"], done["error"], done["sentAt"] is not None) == ("sent", None, True)
    assert (recipient["status"], recipient["code"]) == ("sent", 250)


def test_xml_comes_along_as_the_supplier_sends_e_invoices(client: Caller, organization: Tenant, relay: Relay) -> None:
    replace_supplier(client, organization, eInvoice="ubl", **E_INVOICES)
    number = issue(client, organization.supplier_id)
    send(client, number)
    replace_supplier(client, organization, eInvoice="facturx", **E_INVOICES)
    send(client, number)
    replace_supplier(client, organization, **E_INVOICES)
    send(client, number, syntax="cii")
    chain.run_waiting(KIND)
    files = [[*message.iter_attachments()] for message in relay.messages]
    assert [[one.get_filename() for one in each] for each in files] == [
        [f"{number}.pdf", f"{number}.xml"],
        [f"{number}.pdf"],
        [f"{number}.pdf", f"{number}.xml"],
    ]
    for each, name in ((files[0], syntax.UBL), (files[2], syntax.CII)):
        assert each[1].get_content() == client.get(f"/api/v1/invoices/{number}/xml?syntax={name}").data
    with pikepdf.open(io.BytesIO(files[1][0].get_content())) as hybrid:
        assert "factur-x.xml" in hybrid.attachments


def test_a_note_is_sent_as_written_and_kept_where_nobody_reads_it(
    client: Caller, organization: Tenant, invoice: str, relay: Relay
) -> None:
    attachments = [{"invoiceNumber": invoice}, {"invoiceNumber": invoice, "format": "ubl"}]
    body = NOTE | {"to": ["ada@example.com", "bob@example.com"], "attachments": attachments}
    answer = client.post(MAILS, body | {"supplierId": organization.supplier_id})
    assert answer.status_code == 202, answer.json
    assert NOTE["text"] not in answer.get_data(as_text=True)
    chain.run_waiting(KIND)
    [(recipients, message)] = relay.taken
    assert recipients == ["ada@example.com", "bob@example.com"]
    assert message.get_body(("plain",)).get_content().splitlines() == NOTE["text"].split("\n")
    assert [one.get_filename() for one in message.iter_attachments()] == [f"{invoice}.pdf", f"{invoice}.xml"]
    for table in ("mails", "jobs", "job_attempts"):
        kept = chain.rows(f"SELECT CAST(t AS text) FROM {table} AS t")
        assert "closed." not in str(kept)
        assert b"closed.".hex() not in str(kept)


@pytest.mark.parametrize("field", ["subject", "to"])
@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\x85", "\u2028", "\0"])
def test_no_header_can_be_smuggled_in(
    client: Caller, organization: Tenant, relay: Relay, field: str, line_break: str
) -> None:
    smuggled = f"ada@example.com{line_break}Bcc: eve@example.com"
    value = [smuggled] if field == "to" else smuggled
    answer = client.post(MAILS, NOTE | {field: value})
    assert answer.status_code == 400
    with pytest.raises(Invalid), transaction() as session:
        sending.send(session, organization.id, **{"to": ["a@b.c"], "subject": "s", "text": "t", field: value})
    assert chain.value("SELECT count(*) FROM mails") == 0


def test_names_with_line_breaks_are_one_line_of_a_header(client: Caller, organization: Tenant, relay: Relay) -> None:
    replace_supplier(client, organization, name="Acme\nBcc: eve@example.com")
    send(client, issue(client, organization.supplier_id))
    chain.run_waiting(KIND)
    [message] = relay.messages
    assert "bcc" not in message
    assert relay.asked == ["ada@example.com"]


def test_what_cannot_be_sent_is_refused_with_a_word(client: Caller, organization: Tenant) -> None:
    number = client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id)).json["invoiceNumber"]
    nowhere = client.post(f"/api/v1/invoices/{number}/send")
    assert (nowhere.status_code, "no e-mail address" in nowhere.json["detail"]) == (400, True)
    assert client.post("/api/v1/invoices/INV-999/send").status_code == 404
    assert client.post(MAILS, NOTE | {"attachments": [{"invoiceNumber": "INV-999"}]}).status_code == 404
    assert client.post(MAILS, NOTE | {"supplierId": 999}).json["detail"] == "supplier not found"
    assert client.post(MAILS, NOTE | {"to": [f"a{n}@b.c" for n in range(21)]}).status_code == 400
    configure(mail_from="", smtp_url="")
    none = client.post(MAILS, NOTE)
    assert (none.status_code, "COUNTERFOIL_MAIL_FROM" in none.json["detail"]) == (409, True)
    configure(mail_from=SENDER, master_keys="")
    assert client.post(MAILS, NOTE).status_code == 409, "what is written could not be kept as a secret"


def test_a_key_that_is_sent_again_sends_one_mail(client: Caller, relay: Relay) -> None:
    answers = [client.post(MAILS, NOTE, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    chain.run_waiting(KIND)
    assert answers[0].json == answers[1].json
    assert len(relay.taken) == 1


def test_an_organization_sends_so_many_mails_a_day(client: Caller, stranger: Caller) -> None:
    configure(max_mails_per_day=2)
    assert [client.post(MAILS, NOTE).status_code for _ in range(3)] == [202, 202, 429]
    assert client.post(MAILS, NOTE).json["violated-policies"] == ["mails-per-day"]
    assert stranger.post(MAILS, NOTE).status_code == 202
    chain.ask("UPDATE mails SET created_at = created_at - interval '25 hours'")
    assert client.post(MAILS, NOTE).status_code == 202


def test_mails_are_listed_newest_first_by_status_and_go_after_a_year(client: Caller, relay: Relay) -> None:
    relay.answers = {"no@example.com": "550 no"}
    for to in ("ada@example.com", "no@example.com", "ada@example.com"):
        client.post(MAILS, NOTE | {"to": [to]})
    chain.run_waiting(KIND)
    client.post(MAILS, NOTE)
    chain.ask("UPDATE open_jobs SET status = 'CANCELLED', completed_at = clock_timestamp() WHERE status = 'PENDING'")
    listed = client.get(f"{MAILS}?limit=3")
    assert [one["status"] for one in listed.json] == ["failed", "sent", "refused"]
    assert "cursor=" in listed.headers["Link"]
    for status, count in (("sent", 2), ("refused", 1), ("failed", 1), ("queued", 0)):
        assert len(client.get(f"{MAILS}?status={status}").json) == count
    chain.ask("UPDATE mails SET created_at = created_at - interval '366 days' WHERE status = 'sent'")
    cleanup()
    assert [one["status"] for one in client.get(MAILS).json] == ["failed", "refused"]
