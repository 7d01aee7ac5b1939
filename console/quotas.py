"""The organization's settings: its quotas and what is used of them, and how long things are kept."""

from flask import g, render_template

import settings
from api.http.blueprint import ANYONE
from api.http.rates import allowances
from console.pages import Pages
from db.transaction import statement
from domain.doctor.effective import effective
from domain.identity import organizations, quotas

quotas_pages = Pages("quotas", __name__)


@quotas_pages.page("/settings", ANYONE)
def show_settings():
    """Show the quotas with what is used of them; to operators also the settings of the installation."""
    with statement() as session:
        organization = organizations.get(session, g.organization_id)
        used = quotas.usage(session, g.organization_id)
    shown = list(effective()) if g.caller.may("installation:read") else []
    return render_template(
        "settings.html",
        organization=organization,
        used=used,
        rates=[] if g.caller.is_operator else list(allowances()),
        kept=settings.current(),
        effective=shown,
    )
