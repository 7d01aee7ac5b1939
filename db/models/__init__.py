from db.models.accounting import Account, AccountingSource, JournalEntry, JournalLine
from db.models.automations import Automation, AutomationJob, AutomationRun, AutomationSubject
from db.models.bills import Bill, BillSupplier
from db.models.columns import Base
from db.models.encryption import DataKey
from db.models.events import Event, EventStream, PendingEvent
from db.models.files import File, FileTotal, FileWrite
from db.models.idempotency import IdempotencyKey
from db.models.identity import ApiKey, AuditEntry, LoginAttempts, Organization, User, UserLink, UserSession
from db.models.inventory import (
    DocumentNumber,
    Location,
    Movement,
    Product,
    Purchase,
    PurchaseLine,
    Reservation,
    Sale,
    SaleLine,
    Stock,
    Transfer,
    TransferLine,
)
from db.models.invoices import Invoice, InvoiceHead, InvoiceItem, InvoicePayment, SeriesAudit
from db.models.jobs import Job, JobAttempt
from db.models.mail import Mail
from db.models.mailboxes import Mailbox, MailboxMail
from db.models.outbox import OutboxEntry, Pause, RelayState
from db.models.parties import PARTY_FIELDS, Client, NumberSeries, Supplier
from db.models.presence import Canary, Process
from db.models.schedules import Schedule, ScheduleSlot
from db.models.statistics import Incident, RunStatistics, WaitStatistics
from db.models.templates import Template, TemplateSource
from db.models.webhooks import Delivery, Webhook

__all__ = [
    "PARTY_FIELDS", "Account", "AccountingSource", "ApiKey", "AuditEntry", "Automation", "AutomationJob",
    "AutomationRun", "AutomationSubject", "Base", "Bill", "BillSupplier", "Canary", "Client", "DataKey", "Delivery",
    "DocumentNumber", "Event", "EventStream", "File", "FileTotal", "FileWrite", "IdempotencyKey", "Incident",
    "Invoice", "InvoiceHead", "InvoiceItem", "InvoicePayment", "Job", "JobAttempt", "JournalEntry", "JournalLine",
    "Location", "LoginAttempts", "Mail", "Mailbox", "MailboxMail", "Movement", "NumberSeries", "Organization",
    "OutboxEntry", "Pause", "PendingEvent", "Process", "Product", "Purchase", "PurchaseLine", "RelayState",
    "Reservation", "RunStatistics", "Sale", "SaleLine", "Schedule", "ScheduleSlot", "SeriesAudit", "Stock",
    "Supplier", "Template",
    "TemplateSource", "Transfer", "TransferLine", "User", "UserLink", "UserSession", "WaitStatistics", "Webhook",
]  # fmt: skip
