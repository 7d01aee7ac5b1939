from db.models.columns import Base
from db.models.invoice import Invoice, InvoiceItem
from db.models.organization import ApiKey, Organization
from db.models.party import PARTY_FIELDS, Client, NumberSeries, Supplier
from db.models.queue import IdempotencyKey, Incident, Job, JobAttempt, OutboxEntry, Pause, RelayState, RunStatistics
from db.models.template import Template, TemplateSource

__all__ = [
    "PARTY_FIELDS", "ApiKey", "Base", "Client", "IdempotencyKey", "Incident", "Invoice", "InvoiceItem", "Job",
    "JobAttempt", "NumberSeries", "Organization", "OutboxEntry", "Pause", "RelayState", "RunStatistics", "Supplier",
    "Template", "TemplateSource",
]  # fmt: skip
