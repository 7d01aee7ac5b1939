"""A call for every route, of what belongs to somebody else, and what it answers a stranger."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from werkzeug.routing import Rule

from api.http.auth import PAGES
from api.http.blueprint import OPEN, PERMISSIONS
from tests import bodies
from tests.caller import application

CONVERTERS = re.compile("<(row_id|invoice_number|link_token):")
OWN = "rows of the stranger's own"
WEBHOOK = {"url": "https://192.0.43.8/", "eventTypes": ["*"]}
MAIL = {"to": ["ada@example.com"], "subject": "Hello", "text": "Dear Ada"}
SCHEDULE = {
    "name": "Nightly", "type": "accounting.recreate", "payload": {"documents": [{"type": "invoice", "id": 1}]},
    "cron": "0 3 * * *",
}  # fmt: skip
MAILBOX = {"name": "Bills", "host": "imap.example.com", "user": "ada@example.com", "password": "s3cret"}
KEY = {"name": "Another", "scopes": ["keys:manage"]}
USER = {"email": "mallory@example.com", "name": "Mallory", "role": "viewer"}
AUTOMATION = {
    "name": "Notes", "trigger": {"event": "sale.completed"},
    "actions": [{"do": "add_note", "text": "{{data.saleNumber}}"}],
}  # fmt: skip


class Case(NamedTuple):
    """A call that names what belongs to the first organization, and the one answer a stranger may get."""

    path: str
    status: int
    body: Any = None
    answer: Any = None


def invoice(places: dict[str, int]) -> dict[str, Any]:
    return bodies.invoice(places["supplier"])


# What a route may answer a stranger who asks for {supplier}, {client}, {template}, {request} of somebody else.
CASES: dict[str, Case] = {
    "POST /api/v1/bills": Case("/api/v1/bills", 415),
    "GET /api/v1/bills": Case("/api/v1/bills", 200, answer=[]),
    "GET /api/v1/bills/<bill_id>": Case("/api/v1/bills/{bill}", 404),
    "GET /api/v1/bills/<bill_id>/file": Case("/api/v1/bills/{bill}/file", 404),
    "GET /api/v1/bills/<bill_id>/file-link": Case("/api/v1/bills/{bill}/file-link", 404),
    "GET /api/v1/bills/<bill_id>/pages/<page_number>.png": Case("/api/v1/bills/{bill}/pages/1.png", 404),
    "PUT /api/v1/bills/<bill_id>/fields": Case("/api/v1/bills/{bill}/fields", 404, lambda _: {"total": 1}),
    "POST /api/v1/bills/<bill_id>/approve": Case("/api/v1/bills/{bill}/approve", 404),
    "POST /api/v1/bills/<bill_id>/reject": Case("/api/v1/bills/{bill}/reject", 404, lambda _: {"reason": "x"}),
    "POST /api/v1/bills/<bill_id>/reopen": Case("/api/v1/bills/{bill}/reopen", 404),
    "POST /api/v1/bills/<bill_id>/reprocess": Case("/api/v1/bills/{bill}/reprocess", 404),
    "GET /metrics": Case("/metrics", 403),
    "GET /api/v1/me": Case("/api/v1/me", 200),
    "POST /api/v1/keys": Case("/api/v1/keys", 201, lambda _: KEY),
    "GET /api/v1/keys": Case("/api/v1/keys", 200, answer=OWN),
    "GET /api/v1/keys/<key_id>": Case("/api/v1/keys/{key}", 404),
    "DELETE /api/v1/keys/<key_id>": Case("/api/v1/keys/{key}", 404),
    "POST /api/v1/users": Case("/api/v1/users", 201, lambda _: USER),
    "GET /api/v1/users": Case("/api/v1/users", 200, answer=OWN),
    "GET /api/v1/users/<user_id>": Case("/api/v1/users/{user}", 404),
    "PUT /api/v1/users/<user_id>": Case("/api/v1/users/{user}", 404, lambda _: {"name": "x", "role": "viewer"}),
    "POST /api/v1/users/<user_id>/link": Case("/api/v1/users/{user}/link", 404),
    "GET /api/v1/audit-log": Case("/api/v1/audit-log", 200, answer=OWN),
    "POST /api/v1/webhooks": Case("/api/v1/webhooks", 201, lambda _: WEBHOOK),
    "GET /api/v1/webhooks": Case("/api/v1/webhooks", 200, answer=OWN),
    "GET /api/v1/webhooks/<webhook_id>": Case("/api/v1/webhooks/{webhook}", 404),
    "PUT /api/v1/webhooks/<webhook_id>": Case("/api/v1/webhooks/{webhook}", 404, lambda _: WEBHOOK),
    "DELETE /api/v1/webhooks/<webhook_id>": Case("/api/v1/webhooks/{webhook}", 404),
    "POST /api/v1/webhooks/<webhook_id>/ping": Case("/api/v1/webhooks/{webhook}/ping", 404),
    "POST /api/v1/webhooks/<webhook_id>/rotate-secret": Case("/api/v1/webhooks/{webhook}/rotate-secret", 404),
    "GET /api/v1/webhooks/<webhook_id>/deliveries": Case("/api/v1/webhooks/{webhook}/deliveries", 404),
    "POST /api/v1/webhooks/<webhook_id>/redeliver": Case(
        "/api/v1/webhooks/{webhook}/redeliver", 404, lambda _: {"after": 0}
    ),
    "GET /api/v1/webhook-deliveries/<delivery_id>": Case("/api/v1/webhook-deliveries/{delivery}", 404),
    "POST /api/v1/webhook-deliveries/<delivery_id>/retry": Case("/api/v1/webhook-deliveries/{delivery}/retry", 404),
    "GET /api/v1/mails": Case("/api/v1/mails", 200, answer=OWN),
    "GET /api/v1/mails/<mail_id>": Case("/api/v1/mails/{mail}", 404),
    "POST /api/v1/mails/<mail_id>/retry": Case("/api/v1/mails/{mail}/retry", 404),
    "POST /api/v1/invoices/<number>/send": Case("/api/v1/invoices/INV-000001/send", 404, lambda _: {"to": MAIL["to"]}),
    "POST /api/v1/automations": Case("/api/v1/automations", 201, lambda _: AUTOMATION),
    "GET /api/v1/automations": Case("/api/v1/automations", 200, answer=OWN),
    "GET /api/v1/automations/catalogue": Case("/api/v1/automations/catalogue", 200),
    "GET /api/v1/automations/<automation_id>": Case("/api/v1/automations/{automation}", 404),
    "PUT /api/v1/automations/<automation_id>": Case("/api/v1/automations/{automation}", 404, lambda _: AUTOMATION),
    "DELETE /api/v1/automations/<automation_id>": Case("/api/v1/automations/{automation}", 404),
    "POST /api/v1/automations/<automation_id>/test": Case("/api/v1/automations/{automation}/test", 404),
    "GET /api/v1/automations/<automation_id>/runs": Case("/api/v1/automations/{automation}/runs", 404),
    "POST /api/v1/schedules": Case("/api/v1/schedules", 201, lambda _: SCHEDULE),
    "GET /api/v1/schedules": Case("/api/v1/schedules", 200, answer=OWN),
    "GET /api/v1/schedules/<schedule_id>": Case("/api/v1/schedules/{schedule}", 404),
    "PUT /api/v1/schedules/<schedule_id>": Case("/api/v1/schedules/{schedule}", 404, lambda _: SCHEDULE),
    "DELETE /api/v1/schedules/<schedule_id>": Case("/api/v1/schedules/{schedule}", 404),
    "POST /api/v1/schedules/<schedule_id>/run": Case("/api/v1/schedules/{schedule}/run", 404),
    "POST /api/v1/schedules/<schedule_id>/pause": Case("/api/v1/schedules/{schedule}/pause", 404),
    "POST /api/v1/schedules/<schedule_id>/resume": Case("/api/v1/schedules/{schedule}/resume", 404),
    "POST /api/v1/mailboxes": Case("/api/v1/mailboxes", 201, lambda _: MAILBOX),
    "GET /api/v1/mailboxes": Case("/api/v1/mailboxes", 200, answer=OWN),
    "GET /api/v1/mailboxes/<mailbox_id>": Case("/api/v1/mailboxes/{mailbox}", 404),
    "PUT /api/v1/mailboxes/<mailbox_id>": Case("/api/v1/mailboxes/{mailbox}", 404, lambda _: MAILBOX),
    "DELETE /api/v1/mailboxes/<mailbox_id>": Case("/api/v1/mailboxes/{mailbox}", 404),
    "POST /api/v1/mailboxes/<mailbox_id>/test": Case("/api/v1/mailboxes/{mailbox}/test", 404),
    "POST /api/v1/mailboxes/<mailbox_id>/sync": Case("/api/v1/mailboxes/{mailbox}/sync", 404),
    "GET /api/v1/mailboxes/<mailbox_id>/mails": Case("/api/v1/mailboxes/{mailbox}/mails", 404),
    "GET /api/v1/events": Case("/api/v1/events", 200, answer=[]),
    "GET /api/v1/events/stream": Case("/api/v1/events/stream?type=none", 400),
    "GET /api/v1/admin/doctor": Case("/api/v1/admin/doctor", 403),
    "GET /api/v1/admin/processes": Case("/api/v1/admin/processes", 403),
    "GET /api/v1/admin/queues": Case("/api/v1/admin/queues", 403),
    "GET /api/v1/admin/waits": Case("/api/v1/admin/waits", 403),
    "POST /api/v1/admin/pause": Case("/api/v1/admin/pause", 403, lambda _: {"what": "lane", "name": "default"}),
    "POST /api/v1/admin/resume": Case("/api/v1/admin/resume", 403, lambda _: {"what": "lane", "name": "default"}),
    "GET /api/v1/admin/organizations": Case("/api/v1/admin/organizations", 403),
    "PUT /api/v1/admin/organizations/<organization_id>": Case(
        "/api/v1/admin/organizations/1", 403, lambda _: {"weight": 9}
    ),
    "POST /api/v1/jobs": Case("/api/v1/jobs", 400, lambda _: {"type": "invoice.generate", "payload": {}}),
    "GET /api/v1/jobs": Case("/api/v1/jobs", 200, answer=[]),
    "GET /api/v1/jobs/kinds": Case("/api/v1/jobs/kinds", 200),
    "GET /api/v1/jobs/<job_id>": Case("/api/v1/jobs/{request}", 404),
    "GET /api/v1/jobs/<job_id>/attempts": Case("/api/v1/jobs/{request}/attempts", 404),
    "GET /api/v1/jobs/<job_id>/events": Case("/api/v1/jobs/{request}/events", 404),
    "GET /api/v1/jobs/<job_id>/explain": Case("/api/v1/jobs/{request}/explain", 404),
    "GET /api/v1/invoice-requests/<request_id>/events": Case("/api/v1/invoice-requests/{request}/events", 404),
    "POST /api/v1/jobs/<job_id>/cancel": Case("/api/v1/jobs/{request}/cancel", 404),
    "POST /api/v1/jobs/<job_id>/retry": Case("/api/v1/jobs/{request}/retry", 404),
    "POST /api/v1/jobs/retry": Case(
        "/api/v1/jobs/retry",
        200,
        lambda _: {"all": True},
        answer={"matched": 0, "retried": 0, "dryRun": False, "jobIds": []},
    ),
    "POST /api/v1/jobs/cancel": Case(
        "/api/v1/jobs/cancel",
        200,
        lambda _: {"all": True, "dryRun": True},
        answer={"matched": 0, "types": {}, "complete": True, "dryRun": True, "jobId": None},
    ),
    "GET /api/v1/jobs/failures": Case("/api/v1/jobs/failures", 200, answer=[]),
    "POST /api/v1/jobs/failures/retry": Case(
        "/api/v1/jobs/failures/retry", 404, lambda _: {"fingerprint": "5b6f1a2c3d4e5f60"}
    ),
    "POST /api/v1/accounting/recreations": Case(
        "/api/v1/accounting/recreations",
        404,
        lambda places: {"documents": [{"type": "invoice", "id": places["invoice"]}]},
    ),
    "POST /api/v1/accounting/sync": Case(
        "/api/v1/accounting/sync",
        202,
        lambda _: {},
        answer={"documents": 0, "jobs": 0, "remaining": False, "cursor": None},
    ),
    "GET /api/v1/accounting/accounts": Case("/api/v1/accounting/accounts", 200),
    "GET /api/v1/accounting/entries": Case("/api/v1/accounting/entries?deleted=true", 200, answer=[]),
    "GET /api/v1/accounting/trial-balance": Case(
        "/api/v1/accounting/trial-balance", 200, answer={"accounts": [], "totals": []}
    ),
    "POST /api/v1/invoices/generate": Case("/api/v1/invoices/generate", 400, invoice),
    "POST /invoices/generate": Case("/invoices/generate", 400, invoice),
    "POST /api/v1/invoice-requests": Case("/api/v1/invoice-requests", 400, invoice),
    "POST /api/v1/invoice-requests/bulk": Case(
        "/api/v1/invoice-requests/bulk", 400, lambda places: {"requests": [invoice(places)]}
    ),
    "GET /api/v1/invoice-requests/<request_id>": Case("/api/v1/invoice-requests/{request}", 404),
    "GET /api/v1/invoice-requests/<request_id>/invoice": Case("/api/v1/invoice-requests/{request}/invoice", 404),
    "GET /api/v1/invoices": Case("/api/v1/invoices", 200, answer=[]),
    "GET /api/v1/invoices/<number>": Case("/api/v1/invoices/INV-000001?supplierId={supplier}", 404),
    "GET /api/v1/invoices/<number>/pdf": Case("/api/v1/invoices/INV-000001/pdf", 404),
    "POST /api/v1/invoices/<number>/credit": Case(
        "/api/v1/invoices/INV-000001/credit", 404, lambda _: {"reason": "why"}
    ),
    "POST /api/v1/credit-requests": Case(
        "/api/v1/credit-requests", 404, lambda _: {"invoiceNumber": "INV-000001", "reason": "why"}
    ),
    "POST /api/v1/credit-requests/bulk": Case(
        "/api/v1/credit-requests/bulk", 400, lambda _: {"requests": [{"invoiceNumber": "INV-000001", "reason": "why"}]}
    ),
    "GET /api/v1/credit-requests/<request_id>": Case("/api/v1/credit-requests/{request}", 404),
    "GET /api/v1/invoices/<number>/payments": Case("/api/v1/invoices/INV-000001/payments", 404),
    "POST /api/v1/invoices/<number>/payments": Case(
        "/api/v1/invoices/INV-000001/payments", 404, lambda _: {"amount": 1}
    ),
    "POST /api/v1/invoices/<number>/mark-issued": Case("/api/v1/invoices/INV-000001/mark-issued", 404),
    "GET /api/v1/invoices/export/preview": Case("/api/v1/invoices/export/preview?supplierId={supplier}", 404),
    "GET /api/v1/invoices/export/zip": Case("/api/v1/invoices/export/zip?supplierId={supplier}", 404),
    "GET /api/v1/invoices/<number>/xml": Case("/api/v1/invoices/INV-000001/xml", 404),
    "GET /api/v1/invoices/export/csv": Case("/api/v1/invoices/export/csv?supplierId={supplier}", 404),
    "GET /api/v1/suppliers/<supplier_id>/numbering/report": Case("/api/v1/suppliers/{supplier}/numbering/report", 404),
    "GET /api/v1/suppliers/<supplier_id>/numbering/audit": Case("/api/v1/suppliers/{supplier}/numbering/audit", 404),
    "POST /api/v1/suppliers/<supplier_id>/numbering/verify": Case(
        "/api/v1/suppliers/{supplier}/numbering/verify", 404, lambda _: {"number": "INV-000001", "hash": "00" * 32}
    ),
    "GET /api/v1/parties/suppliers": Case("/api/v1/parties/suppliers", 200, answer=OWN),
    "POST /api/v1/parties/suppliers": Case(
        "/api/v1/parties/suppliers", 400, lambda places: bodies.party(defaultTemplateId=places["template"])
    ),
    "GET /api/v1/parties/suppliers/<supplier_id>": Case("/api/v1/parties/suppliers/{supplier}", 404),
    "PUT /api/v1/parties/suppliers/<supplier_id>": Case(
        "/api/v1/parties/suppliers/{supplier}", 404, lambda places: bodies.party()
    ),
    "GET /api/v1/parties/clients": Case("/api/v1/parties/clients", 200, answer=[]),
    "GET /api/v1/parties/clients/search": Case("/api/v1/parties/clients/search?q=Ada", 200, answer=[]),
    "GET /api/v1/parties/client": Case("/api/v1/parties/client?taxId=GB-1", 404),
    "GET /api/v1/parties/clients/<client_id>": Case("/api/v1/parties/clients/{client}", 404),
    "PUT /api/v1/parties/clients/<client_id>": Case(
        "/api/v1/parties/clients/{client}", 404, lambda places: bodies.party()
    ),
    "DELETE /api/v1/parties/clients/<client_id>": Case("/api/v1/parties/clients/{client}", 404),
    "GET /api/v1/templates": Case("/api/v1/templates", 200, answer=OWN),
    "POST /api/v1/templates": Case("/api/v1/templates", 201, lambda places: {"name": "Mine", "html": bodies.TEMPLATE}),
    "GET /api/v1/templates/<template_id>": Case("/api/v1/templates/{template}", 404),
    "PUT /api/v1/templates/<template_id>": Case(
        "/api/v1/templates/{template}", 404, lambda places: {"name": "Mine", "html": bodies.TEMPLATE}
    ),
    "GET /api/v1/parties/clients/<client_id>/personal-data": Case(
        "/api/v1/parties/clients/{client}/personal-data", 404
    ),
    "DELETE /api/v1/parties/clients/<client_id>/personal-data": Case(
        "/api/v1/parties/clients/{client}/personal-data", 404
    ),
    # The same tax id may be another client's elsewhere: a conflict would tell that it is.
    "POST /api/v1/parties/clients": Case("/api/v1/parties/clients", 201, lambda places: bodies.CLIENT),
    "GET /api/v1/products": Case("/api/v1/products", 200, answer=[]),
    "GET /api/v1/products/<product_id>": Case("/api/v1/products/{product}", 404),
    "GET /api/v1/locations": Case("/api/v1/locations", 200, answer=[]),
    "GET /api/v1/locations/<location_id>": Case("/api/v1/locations/{location}", 404),
    "GET /api/v1/stock": Case("/api/v1/stock?locationId={location}", 404),
    "GET /api/v1/movements": Case("/api/v1/movements?locationId={location}&productId={product}", 404),
    "GET /api/v1/transfers": Case("/api/v1/transfers", 200, answer=[]),
    "POST /api/v1/transfers": Case("/api/v1/transfers", 400, lambda places: bodies.transfer(places)),
    "GET /api/v1/transfers/<transfer_id>": Case("/api/v1/transfers/{transfer}", 404),
    "POST /api/v1/transfers/<transfer_id>/send": Case("/api/v1/transfers/{transfer}/send", 404),
    "POST /api/v1/transfers/<transfer_id>/send-async": Case("/api/v1/transfers/{transfer}/send-async", 404),
    "POST /api/v1/transfers/<transfer_id>/complete": Case("/api/v1/transfers/{transfer}/complete", 404),
    "POST /api/v1/transfers/<transfer_id>/complete-async": Case("/api/v1/transfers/{transfer}/complete-async", 404),
    "GET /api/v1/sales": Case("/api/v1/sales", 200, answer=[]),
    "POST /api/v1/sales": Case("/api/v1/sales", 400, lambda places: bodies.sale(places)),
    "GET /api/v1/sales/<sale_id>": Case("/api/v1/sales/{sale}", 404),
    "GET /api/v1/purchases": Case("/api/v1/purchases", 200, answer=[]),
    "POST /api/v1/purchases": Case("/api/v1/purchases", 400, lambda places: bodies.purchase(places)),
    "GET /api/v1/purchases/<purchase_id>": Case("/api/v1/purchases/{purchase}", 404),
    "POST /api/v1/purchases/<purchase_id>/approve": Case("/api/v1/purchases/{purchase}/approve", 404),
    # As with a tax id: a conflict would tell of another organization's SKU or location.
    "POST /api/v1/products": Case("/api/v1/products", 201, lambda _: bodies.PRODUCT),
    "POST /api/v1/locations": Case("/api/v1/locations", 201, lambda _: bodies.LOCATION),
    # Last: it leaves a job of the stranger's own.
    "POST /api/v1/mails": Case("/api/v1/mails", 202, lambda _: MAIL),
}


def operations() -> Iterator[tuple[str, Rule]]:
    for rule in application().url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield CONVERTERS.sub("<", f"{method} {rule.rule}"), rule


GUARDED = [name for name, rule in operations() if rule.endpoint not in PAGES and PERMISSIONS[rule.endpoint] != OPEN]
