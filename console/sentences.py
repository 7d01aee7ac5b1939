"""What somebody is needed for, as a sentence with a link, and where one act helps with its button."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from flask import url_for

from console.pages import PERMISSIONS, may_open
from console.rendering import number
from console.words import gettext as _
from console.words import ngettext
from domain.attention import Matter, Need
from domain.counting import MAX_COUNTED


class Act(NamedTuple):
    """A button: what it says, and the act with its arguments."""

    label: str
    endpoint: str
    arguments: dict[str, Any]


class Told(NamedTuple):
    """A sentence on a matter, since when it is so, the page that shows more if there is one, and what helps."""

    need: Need
    text: str
    since: datetime | None
    url: str | None
    act: Act | None


def _of(one: Callable[[int], str]) -> Callable[[Matter], str]:
    """Return the sentence for so many; beyond MAX_COUNTED nobody has counted."""

    def tell(matter: Matter) -> str:
        count = number(matter.number) + ("+" if matter.number == MAX_COUNTED else "")
        return one(matter.number) % {"num": count}

    return tell


def _of_one(one: Callable[[], str]) -> Callable[[Matter], str]:
    return lambda matter: one() % {"name": matter.target}


SENTENCES: Mapping[Need, Callable[[Matter], str]] = {
    Need.PART_MISSING: _of_one(lambda: _("No %(name)s runs: start one with counterfoil %(name)s.")),
    Need.PART_SILENT: _of_one(
        lambda: _("No %(name)s gives a sign of life any more: start another with counterfoil %(name)s.")
    ),
    Need.PART_IDLE: _of_one(lambda: _("A %(name)s lives and does nothing: start it again.")),
    Need.CANARY_LATE: _of_one(lambda: _("No worker answers in lane %(name)s: start the workers again.")),
    Need.LANE_PAUSED: _of_one(lambda: _("Lane %(name)s is paused.")),
    Need.KIND_PAUSED: _of_one(lambda: _("Kind %(name)s is paused.")),
    Need.LONG_WAIT: _of_one(lambda: _("The oldest job in lane %(name)s still waits.")),
    Need.JOBS_FAILED: _of(lambda n: ngettext("One job failed lately.", "%(num)s jobs failed lately.", n)),
    Need.WEBHOOKS_DISABLED: _of(
        lambda n: ngettext(
            "One webhook is disabled, as nothing could be delivered.",
            "%(num)s webhooks are disabled, as nothing could be delivered.",
            n,
        )
    ),
    Need.WEBHOOKS_FAILING: _of(
        lambda n: ngettext(
            "One webhook fails, and is disabled once it has failed for five days.",
            "%(num)s webhooks fail, and are disabled once they have failed for five days.",
            n,
        )
    ),
    Need.MAILBOXES_FAILING: _of(
        lambda n: ngettext("One mailbox cannot be read.", "%(num)s mailboxes cannot be read.", n)
    ),
    Need.AUTOMATIONS_DISABLED: _of(
        lambda n: ngettext("One automation was disabled.", "%(num)s automations were disabled.", n)
    ),
    Need.SCHEDULES_TROUBLED: _of(
        lambda n: ngettext("One schedule could not make its job.", "%(num)s schedules could not make their jobs.", n)
    ),
    Need.MAILS_REFUSED: _of(
        lambda n: ngettext("One mail was refused lately.", "%(num)s mails were refused lately.", n)
    ),
    Need.BILLS_FAILED: _of(lambda n: ngettext("One bill could not be read.", "%(num)s bills could not be read.", n)),
    Need.BILLS_TO_REVIEW: _of(lambda n: ngettext("One bill waits for review.", "%(num)s bills wait for review.", n)),
    Need.BILLS_TO_APPROVE: _of(
        lambda n: ngettext("One bill waits for approval.", "%(num)s bills wait for approval.", n)
    ),
    Need.NUMBERING_BROKEN: _of(
        lambda n: ngettext(
            "In one series numbers are missing, or something was changed.",
            "In %(num)s series numbers are missing, or something was changed.",
            n,
        )
    ),
    Need.INVOICES_OVERDUE: _of(lambda n: ngettext("One invoice is overdue.", "%(num)s invoices are overdue.", n)),
}
# By need: the list that shows all of them, its filter, the page of one that is alone, and the argument of that.
PAGES: Mapping[Need, tuple[str, Mapping[str, str], str, str]] = {
    Need.JOBS_FAILED: ("failures.list_failures", {}, "jobs.show_job", "job_id"),
    Need.WEBHOOKS_DISABLED: ("webhooks.list_webhooks", {}, "webhooks.show_webhook", "webhook_id"),
    Need.WEBHOOKS_FAILING: ("webhooks.list_webhooks", {}, "webhooks.show_webhook", "webhook_id"),
    Need.MAILBOXES_FAILING: ("mailboxes.list_mailboxes", {}, "mailboxes.show_mailbox", "mailbox_id"),
    Need.AUTOMATIONS_DISABLED: ("automations.list_automations", {}, "automations.show_automation", "automation_id"),
    Need.SCHEDULES_TROUBLED: ("schedules.list_schedules", {}, "schedules.show_schedule", "schedule_id"),
    Need.MAILS_REFUSED: ("mails.list_mails", {"status": "refused"}, "mails.show_mail", "mail_id"),
    Need.BILLS_FAILED: ("bills.list_bills", {"status": "error"}, "bills.show_bill", "bill_id"),
    Need.BILLS_TO_REVIEW: ("bills.list_bills", {"status": "needs_review"}, "bills.show_bill", "bill_id"),
    Need.BILLS_TO_APPROVE: ("bills.list_bills", {"status": "processed"}, "bills.show_bill", "bill_id"),
    Need.INVOICES_OVERDUE: ("invoices.list_invoices", {}, "invoices.show_invoice", "invoice_id"),
    Need.NUMBERING_BROKEN: ("numbering.show_numbering", {}, "", ""),
    Need.LONG_WAIT: ("jobs.list_jobs", {"status": "pending"}, "", ""),
}
OF_PARTS = (Need.PART_MISSING, Need.PART_SILENT, Need.PART_IDLE)


def tell(matter: Matter) -> Told:
    """Return what the page says of a matter."""
    return Told(matter.need, SENTENCES[matter.need](matter), matter.since, _page(matter), _act(matter))


def _page(matter: Matter) -> str | None:
    if matter.need in OF_PARTS:
        return _url("processes.list_processes")
    if matter.need not in PAGES:
        return _url("lanes.show_lanes")
    everything, chosen, alone, argument = PAGES[matter.need]
    one = _url(alone, **{argument: matter.target}) if isinstance(matter.target, int) else None
    return one or _url(everything, **chosen)


def _act(matter: Matter) -> Act | None:
    acts: Mapping[Need, tuple[str, str, dict[str, Any]]] = {
        Need.JOBS_FAILED: (_("Try again"), "jobs.retry_job", {"job_id": matter.target}),
        Need.MAILBOXES_FAILING: (_("Read it now"), "mailboxes.sync_mailbox", {"mailbox_id": matter.target}),
        Need.MAILS_REFUSED: (_("Send it again"), "mails.retry_mail", {"mail_id": matter.target}),
        Need.LANE_PAUSED: (_("Resume"), "lanes.resume_queue", {"what": "lane", "name": matter.target}),
        Need.KIND_PAUSED: (_("Resume"), "lanes.resume_queue", {"what": "kind", "name": matter.target}),
    }
    act = acts.get(matter.need)
    return Act(*act) if act and matter.target is not None and act[1] in PERMISSIONS and may_open(act[1]) else None


def _url(endpoint: str, **arguments: Any) -> str | None:
    return url_for(endpoint, **arguments) if endpoint in PERMISSIONS and may_open(endpoint) else None
