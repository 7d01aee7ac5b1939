"""The example of each schema in the OpenAPI spec: written out for requests, composed for answers."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from api.http.fields import Amount, Day, Instant
from api.http.schema import Body
from domain.accounting.sources import KIND
from domain.inventory.steps import SEND

DAY, MOMENT, HASH = (
    "2026-01-31",
    "2026-01-31T09:30:00Z",
    "18eae425c391bda30d3e38cfcb2374164641b48b4ad3887f76d5b9384a9b6236",
)
# By field, or by schema and field where one name means several things.
EVENT_ID = "0b6c1d6e-6d1f-4a9c-9d0a-6a1c2f3e4d5b"
CONDITION = {"field": "total", "op": "atLeast", "value": 10000}
BOX = [0.62, 0.81, 0.7, 0.83]
FOUND = {
    "confidence": 0.97,
    "origin": "text",
    "page": 1,
    "box": BOX,
    "reason": "it stands at its label",
}
VALUES: Mapping[str, Any] = {
    "name": "Ada Analytics", "addressLine1": "12 Engine Row", "city": "London", "country": "GB",
    "vatId": "GB123456789", "description": "Support, hours", "message": "invoice generated",
    "seriesCode": "invoice", "Series.code": "export", "Series.pattern": "EX-{YYYY}-", "timeZone": "Europe/Dublin",
    "DeliveryPeriod.start": "2026-01-01", "DeliveryPeriod.end": "2026-01-31",
    "currencyCode": "EUR", "localeCode": "en_IE", "invoiceNumber": "INV-000001", "invoicePrefix": "INV-",
    "invoiceNumberDigits": 6, "transferNumber": "TR-202601-0001", "saleNumber": "SA-202601-0001",
    "purchaseNumber": "PO-202601-0001", "sku": "TEA-250", "quantity": 2.5, "unitPrice": 80, "taxRate": 0.2,
    "defaultTaxRate": 0.2, "type": SEND.kind, "lane": "default", "kind": SEND.kind, "headHash": HASH, "hash": HASH,
    "error": "the requested work cannot be done", "detail": "supplierId is required", "title": "Bad Request",
    "text": "The job is completed.", "accountCode": "1200", "html": "<html>{{total}}</html>", "maxAttempts": 3,
    "progressPercent": 100, "gaps": [], "duplicates": [], "brokenLinks": [], "lateDates": [],
    "Account.name": "Receivables", "Account.code": "1200", "AccountSums.name": "Receivables",
    "AccountSums.code": "1200", "Incident.name": "lease_lost", "Location.name": "Main warehouse",
    "Product.name": "Tea, 250 g", "Pause.name": "io", "Template.name": "Plain", "Organization.name": "My company",
    "organizationName": "My company", "link": "https://books.example.com/console/password/0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "User.email": "grace@example.com", "User.role": "accountant", "UserWithLink.role": "accountant",
    "UserWithLink.email": "grace@example.com",
    "Problem.type": "about:blank", "Problem.status": 400, "Problem.error": "supplierId is required",
    "Problem.errors": {"supplierId": ["is required"]}, "Queued.status": "PENDING", "Verdict.status": "PENDING",
    "Queued.message": "invoice generation request queued", "Verdict.error": "supplierId is required",
    "Process.name": "web1:4711-1f3a9c", "Process.host": "web1", "Process.kinds": [SEND.kind],
    "Process.version": "0.1.0", "Process.lanes": ["default"],
    "Diagnosis.verdict": "warning", "Check.check": "clocks", "Check.verdict": "warning",
    "Check.measured": "relay web1:4711 is 5.0 s behind",
    "Check.remedy": "Have the clocks of these hosts and of the database's set by NTP (chrony, for example).",
    "EventShown.id": EVENT_ID, "EventShown.data": {"invoiceId": 1}, "DeliveredEvent.id": EVENT_ID,
    "DeliveryAttempt.at": MOMENT, "DeliveryAttempt.error": None, "DeliveryAttempt.statusCode": 200,
    "DeliveryAttempt.responseBody": "ok", "Delivery.status": "delivered", "Delivery.error": None,
    "url": "https://hooks.example.com/counterfoil", "eventTypes": ["invoice.*"], "headerNames": ["Authorization"],
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "Accepted.message": "the event is on its way",
    "Stays.what": "invoices", "Stays.reason": "the law has who issues an invoice keep it as it was issued",
    **{f"ExportedClient.{name}": said for name, said in {
        "addressLine2": "Floor 2", "region": "London", "postalCode": "N1", "taxId": "GB-1", "email": "ada@example.com",
        "phone": "+44 20 7946 0000"}.items()},
    "ExportedChange.action": "createClient", "ExportedChange.actor": "key:7", "ExportedChange.actorName": "Web shop",
    "ExportedRequest.status": "FAILED", "ExportedMail.recipients": ["ada@example.com"],
    "ImportedMail.sender": "Ada <ada@example.com>", "ImportedMail.attachments": ["invoice.pdf"],
    "ExportedInvoice.url": "/api/v1/invoices/INV-000001",
    "address": "ada@example.com", "subject": "Invoice INV-000001 from Ada Analytics",
    "messageId": "<mail-1.0f1e2d3c4b5a6978@example.com>", "MailRecipient.at": MOMENT,
    "Schedule.name": "Monthly entries", "Schedule.type": KIND, "Schedule.cron": "0 6 1 * *", "Schedule.lastError": None,
    "Schedule.meaning": "At 06:00 on the first day of every month (Europe/Dublin)", "Schedule.everySeconds": None,
    "Schedule.payload": {"documents": [{"type": "invoice", "id": 1}]}, "Schedule.catchUp": "once",
    "Schedule.enabled": True, "Schedule.disabledReason": None, "Schedule.lastJobStatus": "completed",
    "Mailbox.name": "Bills",
    "host": "imap.example.com", "user": "bills@example.com", "folder": "INBOX", "Mailbox.after": "seen",
    "MailboxFilter.from": ["@supplier.example"], "MailboxFilter.subject": None,
    "MailboxMail.from": "<billing@supplier.example>", "MailPreview.from": "<billing@supplier.example>",
    "MailboxMail.subject": "Your bill", "MailPreview.subject": "Your bill", "MailAttachment.name": "bill.pdf",
    "MailAttachment.type": "application/pdf", "MailPreviewAttachment.name": "bill.pdf",
    "MailPreviewAttachment.type": "application/pdf", "Mailbox.port": 993, "Mailbox.everyMinutes": 15,
    "MailboxSyncAccepted.message": "the mailbox is read in the background",
    "Automation.name": "Large invoices", "Automation.enabled": True, "Automation.disabledReason": None,
    "Automation.conditions": {"all": [CONDITION]}, "Automation.actions": [{"do": "add_note", "text": "Look at it"}],
    "Trigger.event": "invoice.issued", "Trigger.cron": None, "Trigger.timeZone": None, "Trigger.meaning": None,
    "Trigger.nextAt": None, "RunEvent.id": EVENT_ID, "TrialEvent.id": EVENT_ID, "AutomationRun.slot": None,
    "AutomationRun.status": "succeeded", "AutomationRun.error": None, "RunAction.do": "add_note",
    "RunAction.parameters": {"text": "Look at it"}, "RunAction.status": "done", "RunAction.error": None,
    "RunAction.result": {"note": "Look at it"},
    "TrialAction.do": "add_note", "TrialAction.parameters": {"text": "Look at it"}, "TrialAction.error": None,
    "Trial.why": None, "Trial.matches": True, "Trial.fires": True, "Trial.tested": None, "Trial.matched": None,
    "Trial.events": None, "Trial.conditions": {"all": [{**CONDITION, "found": 12000, "holds": True}], "holds": True},
    "CatalogueField.name": "total", "CatalogueField.type": "number", "CatalogueField.ops": ["is", "atLeast"],
    "CatalogueEvent.type": "invoice.issued", "CatalogueEvent.description": "An invoice has its number.",
    "CatalogueEvent.subject": "invoiceId", "CatalogueAction.do": "add_note",
    "CatalogueAction.permission": "jobs:create",
    "CatalogueAction.description": "Write a note.", "CatalogueAction.parameters": {"type": "object"},
    "BillCheck.name": "totals", "BillCheck.passed": True, "BillCheck.says": "80.00 plus 16.00 is 96.00",
    "BillCheck.fields": ["subtotal", "taxTotal", "total"], "confidence": 0.99, "box": BOX,
    "BillFields.currencyCode": FOUND | {"value": "EUR"}, "BillFields.invoiceNumber": FOUND | {"value": "INV-000001"},
    "FoundText.value": "INV-000001", "FoundDay.value": DAY, "fileName": "bill.pdf", "Bill.sha256": HASH,
    "Bill.supplierName": "Ada Analytics", "BillHead.supplierName": "Ada Analytics",
    **{f"{name}.reason": "it stands at its label" for name in (
        "FoundText", "FoundDay", "FoundAmount", "FoundTaxes", "FoundLines", "BillField")},
    "BillAccepted.message": "the bill is read in the background", "BillAccepted.status": "received",
    "Me.actor": "key:7", "Me.name": "Shop", "Me.permissions": ["requests:read", "requests:submit"],
    **{f"{name}.{field}": value for name in ("Key", "KeyWithSecret") for field, value in {
        "name": "Shop", "lastFour": "x7Qa", "role": None, "scopes": ["requests:submit"]}.items()},
    "KeyWithSecret.key": "cf_Jm2-WkV8sTz4dQeYb1nXcRgU6hLpA3oF9iKtBvNx7Qa", "JobState.createdBy": "key:7",
    "AuditEntry.actor": "key:7", "AuditEntry.actorName": "Shop", "AuditEntry.action": "createLocation",
    "AuditEntry.target": "/api/v1/locations/1", "AuditEntry.address": "192.0.2.7",
    "FailureGroup.fingerprint": "5b6f1a2c3d4e5f60", "FailureGroup.shape": "TR-# is sent, not draft",
    "Touched.types": {SEND.kind: 1}, "Automation.owner": "key:7", "KindState.permission": "transfers:send",
    "KindState.payloadSchema": {"type": "object", "required": ["transferId"]},
}  # fmt: skip


def examples_of(schema: Schema) -> list[Any]:
    """Return the examples of a request, or the one of an answer."""
    if isinstance(schema, Body):
        return list(schema.EXAMPLES.values())
    return [{str(field.data_key or name): _value(schema, name, field) for name, field in schema.dump_fields.items()}]


def _value(schema: Schema, name: str, field: Any) -> Any:
    key = str(field.data_key or name)
    words = field.metadata.get("enum")
    for known in (f"{type(schema).__name__}.{key}", key):
        if known in VALUES and (not words or VALUES[known] in words):
            return VALUES[known]
    if isinstance(field, fields.Nested):
        return examples_of(field.schema)[0]
    if isinstance(field, fields.List):
        return [_value(schema, name, field.inner)]
    return words[0] if words else _plain(field)


def _plain(field: Any) -> Any:
    if isinstance(field, Day | Instant):
        return DAY if isinstance(field, Day) else MOMENT
    if field.metadata.get("type") == "boolean" or isinstance(field, fields.Boolean):
        return False
    if isinstance(field, fields.Float | fields.Decimal | Amount) or field.metadata.get("type") == "number":
        return 96
    if isinstance(field, fields.Integer) or field.metadata.get("type") == "integer":
        return 1
    return {} if isinstance(field, fields.Dict) and not field.allow_none else None
