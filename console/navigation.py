"""The pages that the menu names, by section; a user sees those that may be opened."""

from collections.abc import Callable
from typing import NamedTuple

from flask import request, url_for

from console.pages import may_open
from console.words import gettext as _


class Entry(NamedTuple):
    """One line of the menu."""

    name: str
    url: str
    is_here: bool


class Section(NamedTuple):
    """Lines of the menu under one heading."""

    name: str
    entries: list[Entry]


# By section, each page by its endpoint; what a call shows is in the language of the request.
MENU: list[tuple[Callable[[], str], list[tuple[str, Callable[[], str]]]]] = [
    (lambda: _("Work"), [
        ("home.show_home", lambda: _("Home")),
        ("jobs.list_jobs", lambda: _("Jobs")),
        ("failures.list_failures", lambda: _("Failures")),
        ("schedules.list_schedules", lambda: _("Schedules")),
    ]),
    (lambda: _("Documents"), [
        ("invoices.list_invoices", lambda: _("Invoices")),
        ("bills.list_bills", lambda: _("Bills")),
        ("transfers.list_transfers", lambda: _("Transfers")),
        ("sales.list_sales", lambda: _("Sales")),
        ("purchases.list_purchases", lambda: _("Purchases")),
        ("stock.list_stock", lambda: _("Stock")),
        ("clients.list_clients", lambda: _("Clients")),
        ("suppliers.list_suppliers", lambda: _("Suppliers")),
        ("templates.list_templates", lambda: _("Templates")),
    ]),
    (lambda: _("Books"), [
        ("numbering.show_numbering", lambda: _("Numbering")),
        ("journal.list_entries", lambda: _("Journal")),
        ("journal.show_trial_balance", lambda: _("Trial balance")),
    ]),
    (lambda: _("Connections"), [
        ("mailboxes.list_mailboxes", lambda: _("Mailboxes")),
        ("mails.list_mails", lambda: _("Mails")),
        ("automations.list_automations", lambda: _("Automations")),
        ("webhooks.list_webhooks", lambda: _("Webhooks")),
        ("events.list_events", lambda: _("Events")),
    ]),
    (lambda: _("Installation"), [
        ("lanes.show_lanes", lambda: _("Lanes and kinds")),
        ("shares.list_organizations", lambda: _("Organizations")),
        ("processes.list_processes", lambda: _("Parts")),
        ("doctor.show_doctor", lambda: _("Doctor")),
    ]),
    (lambda: _("Organization"), [
        ("quotas.show_settings", lambda: _("Settings")),
        ("people.list_users", lambda: _("Users")),
        ("keys.list_keys", lambda: _("Keys")),
        ("audit.list_acts", lambda: _("Audit log")),
    ]),
]  # fmt: skip


def sections() -> list[Section]:
    """Return what the menu shows to whoever looks."""
    shown = [Section(name(), [_entry(one, told()) for one, told in entries if may_open(one)]) for name, entries in MENU]
    return [section for section in shown if section.entries]


def _entry(endpoint: str, name: str) -> Entry:
    subject = endpoint.partition(".")[0]
    alone = sum(other.startswith(f"{subject}.") for _, entries in MENU for other, _ in entries) == 1
    here = request.endpoint == endpoint or (alone and str(request.endpoint).startswith(f"{subject}."))
    return Entry(name, url_for(endpoint), here)
