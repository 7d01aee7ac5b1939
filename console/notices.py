"""What a page says of the act that led to it."""

from collections.abc import Callable, Mapping

from console.words import gettext as _
from console.words import ngettext

NOTICES: Mapping[str, Callable[[int], str]] = {
    "saved": lambda n: _("Saved."),
    "cancelled": lambda n: _("The job is cancelled, or stops at its next checkpoint."),
    "retried": lambda n: ngettext("One job is tried again.", "%(num)s jobs are tried again.", n),
    "bulk": lambda n: _("It has begun: this job does it, and can be cancelled."),
    "password": lambda n: _("Your password is changed. All other browsers are logged out."),
    "second-factor-on": lambda n: _("From now on a code is asked for when you log in."),
    "second-factor-off": lambda n: _("No code is asked for any more."),
    "logged-out": lambda n: _("You are logged out."),
    "ended": lambda n: _("That browser is logged out."),
    "webhook-deleted": lambda n: _("The webhook is deleted, with its deliveries."),
    "mailbox-deleted": lambda n: _("The mailbox is deleted; its bills stay."),
    "mailbox-read": lambda n: _("The mailbox is being read: this job does it."),
    "schedule-deleted": lambda n: _("The schedule is deleted; the jobs that it has made stay."),
    "schedule-run": lambda n: _("This job of the schedule was made now; its slots stay."),
    "schedule-paused": lambda n: _("The schedule makes no jobs until it is resumed."),
    "schedule-resumed": lambda n: _("The schedule goes on from now."),
    "automation-on": lambda n: _("The automation acts from now on, in your name."),
    "automation-off": lambda n: _("The automation does nothing until it is enabled."),
    "automation-deleted": lambda n: _("The automation is deleted with its runs; what it has done stays."),
    "pinged": lambda n: _("A test event is on its way: it is the newest delivery."),
    "redelivered": lambda n: ngettext("%(num)s event is on its way.", "%(num)s events are on their way.", n),
    "sent-again": lambda n: _("It is on its way."),
    "uploaded": lambda n: ngettext(
        "The bill is here, and is being read.", "%(num)s bills are here, and are being read.", n
    ),
    "here-already": lambda n: _("This file was here already: it is this bill."),
    "approved": lambda n: _("Approved, and booked."),
    "rejected": lambda n: _("Rejected."),
    "reopened": lambda n: _("It waits for review again."),
    "drafted": lambda n: _("Drafted. Nothing has moved yet."),
    "revoked": lambda n: _("The key opens nothing any more."),
    "paused": lambda n: _("It is paused: what workers have already been sent is still run."),
    "resumed": lambda n: _("It goes on: what has waited goes in its usual order."),
    "issued": lambda n: _("The invoice is issued."),
    "paid": lambda n: _("It is recorded."),
    "credited": lambda n: _("The credit note is issued."),
    "client-deleted": lambda n: _("The client is deleted; its invoices stay."),
    "personal-data-removed": lambda n: _("The client's personal data is removed; its invoices stay."),
    "recreated": lambda n: _("This job makes the entry anew."),
    "synchronized": lambda n: ngettext(
        "One document was behind; a job enters it.", "%(num)s documents were behind; jobs enter them.", n
    ),
    "up-to-date": lambda n: _("The journal is behind with nothing."),
    "sent": lambda n: _("The mail is on its way: this page says what becomes of it."),
}


def notice(arguments: Mapping[str, str]) -> str:
    """Return the sentence of `told`, for as many as `n` says; nothing for a word that is none of ours."""
    tell = NOTICES.get(arguments.get("told", ""))
    count = arguments.get("n", "1")
    n = int(count) if count.isdecimal() and len(count) < 10 else 1
    return tell(n) % {"num": n} if tell else ""
