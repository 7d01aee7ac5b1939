"""Mailboxes: where bills come in by mail, what came of each mail, and why no bill did."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import g, render_template, request
from werkzeug.wrappers import Response

from api.http.bodies.mailboxes import MailboxBody
from api.http.changes import change
from api.http.shares import heavy
from console import access, forms
from console.codes import told
from console.lists import ROWS, after, chosen, listed
from console.pages import Pages, field, lead_to
from console.subjects import address
from db.transaction import report, transaction
from domain.errors import Invalid
from domain.mailboxes import mails, owing, registration, trial
from domain.mailboxes.mails import Outcome
from domain.mailboxes.registration import MOVE, PORTS

mailboxes_pages = Pages("mailboxes", __name__)
# The user's own password is asked for in the same form.
FORM_NAMES = {"password": "mailboxPassword", "login": "user"}
OAUTH = ("tokenUrl", "clientId", "clientSecret", "refreshToken", "scope")


@mailboxes_pages.page("/mailboxes", "mailboxes:read")
def list_mailboxes():
    """Show the mailboxes, and how each fares."""
    with report() as session:
        found = listed(registration.page(session, g.organization_id, after() or 0, ROWS + 1))
    return render_template("mailboxes.html", mailboxes=found)


@mailboxes_pages.page("/mailboxes/new", "mailboxes:manage")
def new_mailbox():
    """Show the form for a new mailbox."""
    return render_template("mailbox_form.html", mailbox=None, securities=list(PORTS))


@mailboxes_pages.act("/mailboxes", "mailboxes:manage", back=new_mailbox)
def create_mailbox() -> Response:
    """Make a mailbox; it is read from its first mail on."""
    access.require_confirmed(request.form.get("password", ""))
    with _form_names():
        fields = registration.completed(forms.loaded(MailboxBody(), _given()))
        with change() as session:
            mailbox_id = registration.create(session, g.organization_id, fields).id
    return lead_to("mailboxes.show_mailbox", "saved", mailbox_id=mailbox_id)


@mailboxes_pages.page("/mailboxes/<row_id:mailbox_id>", "mailboxes:read")
def show_mailbox(mailbox_id: int):
    """Show a mailbox with the mails that were read, the last one first."""
    outcome = chosen("outcome", Outcome)
    with transaction() as session:
        mailbox = registration.get(session, g.organization_id, mailbox_id)
        rows = mails.page(session, g.organization_id, mailbox_id, outcome, after(), ROWS + 1)
    outcomes = [(one.value, told(one)) for one in Outcome]
    return render_template(
        "mailbox.html", mailbox=mailbox, mails=listed(rows), outcomes=outcomes, bill=lambda id: address("billId", id)
    )


@mailboxes_pages.page("/mailboxes/<row_id:mailbox_id>/edit", "mailboxes:manage")
def edit_mailbox(mailbox_id: int):
    """Show the form that changes a mailbox."""
    with transaction() as session:
        mailbox = registration.get(session, g.organization_id, mailbox_id)
    return render_template("mailbox_form.html", mailbox=mailbox, securities=list(PORTS))


@mailboxes_pages.act("/mailboxes/<row_id:mailbox_id>", "mailboxes:manage", back=edit_mailbox)
def replace_mailbox(mailbox_id: int) -> Response:
    """Change a mailbox; a password or tokens that nobody typed anew stay."""
    access.require_confirmed(request.form.get("password", ""))
    with _form_names():
        fields = registration.completed(forms.loaded(MailboxBody(), _given()))
        with change() as session:
            registration.change(session, g.organization_id, mailbox_id, fields)
    return lead_to("mailboxes.show_mailbox", "saved", mailbox_id=mailbox_id)


@mailboxes_pages.act("/mailboxes/<row_id:mailbox_id>/delete", "mailboxes:manage", back=show_mailbox)
def delete_mailbox(mailbox_id: int) -> Response:
    """Delete a mailbox with the list of its mails; its bills stay."""
    with change() as session:
        registration.delete(session, g.organization_id, mailbox_id)
    return lead_to("mailboxes.list_mailboxes", "mailbox-deleted")


@mailboxes_pages.act("/mailboxes/<row_id:mailbox_id>/test", "mailboxes:manage", back=show_mailbox)
@heavy
def test_mailbox(mailbox_id: int) -> str:
    """Connect to a mailbox, and show what would come of its last mails."""
    tried = trial.attempt(g.organization_id, mailbox_id)
    return render_template("mailbox_trial.html", mailbox_id=mailbox_id, trial=tried)


@mailboxes_pages.act("/mailboxes/<row_id:mailbox_id>/sync", "mailboxes:manage", back=show_mailbox)
def sync_mailbox(mailbox_id: int) -> Response:
    """Have the new mails read now, and show the job that does it."""
    with change() as session:
        job_id = owing.owe(session, g.organization_id, mailbox_id)
    return lead_to("jobs.show_job", "mailbox-read", job_id=job_id)


def _given() -> dict[str, Any]:
    """Return what the form says, as the body of the operation has it."""
    oauth = {name: given for name in OAUTH if (given := field(f"oauth.{name}"))}
    after_it = field("after")
    return {
        **forms.texts("name", "host", "security", "user", "folder"),
        "port": forms.digits("port"),
        "everyMinutes": forms.digits("everyMinutes"),
        "password": request.form.get(FORM_NAMES["password"], ""),
        "oauth": oauth or None,
        "filter": {
            "from": forms.lines("filter.from"),
            "subject": field("filter.subject"),
            "hasAttachment": "filter.hasAttachment" in request.form,
        },
        "after": MOVE + field("afterFolder") if after_it == MOVE else after_it,
        "enabled": "enabled" in request.form,
    }


@contextmanager
def _form_names() -> Iterator[None]:
    """Have what is refused named as the form names it."""
    try:
        yield
    except Invalid as wrong:
        raise Invalid(str(wrong), {FORM_NAMES.get(name, name): said for name, said in wrong.errors.items()}) from None
