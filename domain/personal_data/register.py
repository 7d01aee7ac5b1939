"""Each column that can hold text, and what it says of persons: docs/personal-data.md has the same, and a test compares.

A column that is new has to be named here, with the kind of data that it holds or among those that concern no person.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of personal data. `columns` are by table; `removed` says what becomes of it when a client is removed."""

    columns: Mapping[str, str]
    whose: str
    why: str
    how: str
    how_long: str
    seen_by: str
    removed: str


def _kind(columns: Mapping[str, str], **told: str) -> Kind:
    return Kind(columns, **told)


PLAIN = "plain"
OVERWRITTEN, DELETED, STAYS, ANOTHERS = "overwritten", "deleted", "stays: the law", "not a client's"

KINDS: Mapping[str, Kind] = {
    "client": _kind(
        {"clients": "name tax_id tax_key vat_id vat_key country"},
        whose="clients", why="to know a client again", how=PLAIN, how_long="until removed",
        seen_by="`clients:read`", removed=OVERWRITTEN,
    ),
    "contact": _kind(
        {"clients": "contact email_index address_line1 address_line2 city region postal_code email phone"},
        whose="clients", why="to write to a client", how="encrypted under its key; an HMAC finds a whole e-mail",
        how_long="until removed", seen_by="`clients:read`", removed=OVERWRITTEN,
    ),
    "keys": _kind(
        {"data_keys": "wrapped"},
        whose="clients, organizations", why="to encrypt the rest", how="wrapped by the master key",
        how_long="until removed", seen_by="nobody", removed=DELETED,
    ),
    "invoices": _kind(
        {"invoices": "client notes terms", "invoice_items": "description", "invoice_payments": "reference"},
        whose="clients", why="the law wants it", how="plain, chained by hashes, frozen by triggers",
        how_long="for ever", seen_by="`invoices:read`", removed=STAYS,
    ),
    "requests": _kind(
        {"jobs": "payload result error", "job_attempts": "error"},
        whose="clients", why="to do the work", how="personal fields under the organization's key until completed",
        how_long="until completed; failed: `COUNTERFOIL_FAILED_JOB_RETENTION_DAYS`", seen_by="its handler",
        removed=DELETED,
    ),
    "answers": _kind(
        {"idempotency_keys": "response"},
        whose="clients, users", why="to give an answer again", how=PLAIN,
        how_long="`COUNTERFOIL_IDEMPOTENCY_RETENTION_HOURS`", seen_by="who sent the key", removed=OVERWRITTEN,
    ),
    "mails": _kind(
        {"mails": "recipients addresses subject message error attachments parameters"},
        whose="clients", why="to send invoices, and to know that they came",
        how="message, addresses and answers under the client's key, the rest plain",
        how_long="`COUNTERFOIL_MAIL_RETENTION_DAYS`", seen_by="`mails:read`", removed=DELETED,
    ),
    "imported mails": _kind(
        {"mailbox_mails": "sender subject message_id reason attachments"},
        whose="senders", why="to say what became of a mail", how=PLAIN,
        how_long="`COUNTERFOIL_IMPORTED_MAIL_RETENTION_DAYS`", seen_by="`mailboxes:read`", removed=OVERWRITTEN,
    ),
    "events": _kind(
        {"events": "data", "pending_events": "data"},
        whose="recipients of mails", why="to tell of changes", how="plain; addresses only in `mail.refused`",
        how_long="`COUNTERFOIL_EVENT_RETENTION_DAYS`", seen_by="`events:read`, webhooks", removed=OVERWRITTEN,
    ),
    "answers of receivers": _kind(
        {"deliveries": "attempts"},
        whose="whomever a receiver names", why="to see why a delivery failed", how="plain, its first 2 KB",
        how_long="`COUNTERFOIL_EVENT_RETENTION_DAYS`", seen_by="`webhooks:read`", removed="not searched",
    ),
    "bills": _kind(
        {
            "bills": "reading fields checks message file_name supplier_key",
            "bill_suppliers": "key name vat_id tax_id ibans last_numbers corrections",
        },
        whose="those who sent bills", why="the law wants it; to read the next one",
        how="what was read under the organization's key, the rest plain",
        how_long="for ever; text of rejected: `COUNTERFOIL_REJECTED_BILL_RETENTION_DAYS`", seen_by="`bills:read`",
        removed=ANOTHERS,
    ),
    "automations": _kind(
        {
            "automations": "actions conditions name", "automation_runs": "actions error",
            "schedules": "payload name last_error",
        },
        whose="whomever their author names", why="to do what they say", how=PLAIN,
        how_long="until deleted; runs: `COUNTERFOIL_EVENT_RETENTION_DAYS`", seen_by="`automations:read`",
        removed=ANOTHERS,
    ),
    "notes": _kind(
        {"sales": "notes", "purchases": "notes", "transfers": "notes"},
        whose="whomever their author names", why="to remember", how=PLAIN, how_long="for ever",
        seen_by="`sales:read` and the like", removed=ANOTHERS,
    ),
    "suppliers": _kind(
        {
            "suppliers": "name address_line1 address_line2 city region postal_code country tax_id vat_id email phone"
            " iban bic payment_link payment_terms",
            "invoices": "supplier",
        },
        whose="the organization", why="stands on invoices", how=PLAIN, how_long="for ever",
        seen_by="`suppliers:read`", removed=ANOTHERS,
    ),
    "users": _kind(
        {
            "users": "email folded_email name password_hash subject second_factor",
            "user_links": "token_hash", "user_sessions": "token_hash address browser", "login_attempts": "counter",
        },
        whose="users", why="to let them in, and nobody else", how="secrets hashed or encrypted, the rest plain",
        how_long="until deleted; sessions 30 days", seen_by="`users:read`", removed=ANOTHERS,
    ),
    "audit log": _kind(
        {"audit_log": "actor actor_name address target"},
        whose="users", why="to know who did what", how="plain, only added to", how_long="for ever",
        seen_by="`audit-log:read`", removed=ANOTHERS,
    ),
    "mailboxes": _kind(
        {"mailboxes": "login credentials access_token name filter last_error"},
        whose="who owns the mailbox", why="to read it", how="what lets us in encrypted, the rest plain",
        how_long="until deleted", seen_by="`mailboxes:read`", removed=ANOTHERS,
    ),
}  # fmt: skip

IMPERSONAL: Mapping[str, str] = {
    "accounting_sources": "source_type",
    "accounts": "code name type",
    "api_keys": "name key_hash role scopes last_four",
    "audit_log": "action",
    "automation_jobs": "caused_by",
    "automation_runs": "status chain",
    "automations": "owner event_type disabled_reason",
    "bill_suppliers": "currency_code account_code",
    "bills": "sha256 source status number_key currency_code account_code",
    "canaries": "lane worker",
    "data_keys": "master_key_id",
    "document_numbers": "prefix month",
    "events": "type",
    "file_writes": "sha256",
    "files": "sha256 media_type",
    "idempotency_keys": "key fingerprint",
    "incidents": "name",
    "invoice_items": "tax_category exemption_reason unit_code item_id",
    "invoices": "series_code invoice_number template_hash status locale_code currency_code tax_rounding hash",
    "job_attempts": "outcome worker",
    "jobs": "kind lane group_key status unique_key worker created_by traceparent",
    "journal_entries": "source_type currency_code",
    "journal_lines": "account_code",
    "locations": "name compared_name",
    "mailbox_mails": "hash outcome",
    "mailboxes": "host security auth folder after",
    "mails": "template locale_code message_id status",
    "movements": "document_type step",
    "number_series": "code pattern restart chronology last_hash",
    "organizations": "name currency_code",
    "outbox": "kind lane group_key",
    "pauses": "what name",
    "pending_events": "type traceparent",
    "processes": "name part host version lanes kinds",
    "products": "sku compared_sku name",
    "purchases": "status number",
    "reservations": "document_type",
    "run_statistics": "kind worker",
    "sales": "status number",
    "schedules": "keeper kind cron time_zone catch_up disabled_reason",
    "suppliers": "locale_code currency_code tax_rounding time_zone e_invoice",
    "series_audits": "code",
    "template_sources": "hash html",
    "templates": "name source_hash",
    "transfers": "status number",
    "users": "role",
    "wait_statistics": "worker lane",
    "webhooks": "url event_types description secret old_secret header_names headers disabled_reason",
}
