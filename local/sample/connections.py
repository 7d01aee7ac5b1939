"""What the sample company has connected, none of which reaches anybody."""

from local.sample.asking import Asking

WEBHOOK = {
    "url": "https://hooks.example.com/counterfoil", "eventTypes": ["invoice.*", "bill.*"],
    "description": "The data warehouse; enable it when there is one", "enabled": False,
}  # fmt: skip
MAILBOX = {
    "name": "Incoming bills", "host": "imap.example.com", "user": "bills@example.com", "password": "made-up",
    "filter": {"hasAttachment": True}, "after": "seen", "enabled": False,
}  # fmt: skip
AUTOMATION = {
    "name": "Large invoices get a note", "trigger": {"event": "invoice.issued"}, "repeat": True,
    "conditions": [{"field": "total", "op": "atLeast", "value": 1500}],
    "actions": [{"do": "add_note", "text": "Ask for a deposit next time: {{data.invoiceNumber}}"}],
}  # fmt: skip
RECREATE = "accounting:recreate"


def connect(asking: Asking) -> None:
    """There is an automation, which sees all that comes after it; a webhook and a mailbox are disabled."""
    asking.make("webhook", "webhooks", WEBHOOK)
    asking.make("mailbox", "mailboxes", MAILBOX)
    asking.make("automation", "automations", AUTOMATION)


def schedule(asking: Asking, invoice_id: int) -> None:
    """An invoice is entered into the journal again on the first of each month."""
    kind = next(one["type"] for one in asking.get("jobs/kinds") if one["permission"] == RECREATE)
    body = {
        "name": "Monthly entries", "type": kind, "cron": "0 6 1 * *", "timeZone": "Europe/Dublin",
        "payload": {"documents": [{"type": "invoice", "id": invoice_id}]},
    }  # fmt: skip
    asking.make("schedule", "schedules", body)
