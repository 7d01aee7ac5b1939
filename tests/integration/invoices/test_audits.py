"""Each night all series are recomputed, and home says what came of it."""

import re

from domain.invoices import audits
from domain.schedules import declared, waking
from tests import chain
from tests.browser import logged_in, text
from tests.tenant import Tenant

BROKEN = "In one series numbers are missing, or something was changed."
WHOLE = "Numbering whole One series was recomputed"


def night() -> None:
    """Have what was found be of the night before, and the schedule fall due."""
    chain.ask("UPDATE series_audits SET audited_at = audited_at - interval '1 day'")
    wake()


def wake() -> None:
    declared.synchronise()
    chain.ask("DELETE FROM schedule_slots")
    chain.ask("UPDATE schedules SET next_at = next_at - interval '1 day'")
    waking.wake()
    chain.run_waiting(audits.KIND)


def issue(*tenants: Tenant) -> None:
    for tenant in tenants:
        for name in ("Ada", "Grace"):
            assert chain.post(tenant, chain.GENERATE, chain.body(tenant.request(name))).status_code == 200


def test_each_night_says_whether_the_numbers_are_whole(organization: Tenant, other_organization: Tenant) -> None:
    issue(organization, other_organization)
    own, other = logged_in(organization.id, "viewer"), logged_in(other_organization.id, "viewer")
    assert "Numbering whole" not in text(own.get("/"))
    night()
    assert {WHOLE in text(own.get("/")), WHOLE in text(other.get("/"))} == {True}
    chain.ask("ALTER TABLE invoices DISABLE TRIGGER ALL")
    chain.ask("UPDATE invoices SET notes = 'Changed' WHERE number = 1 AND organization_id = %s", organization.id)
    night()
    assert f'<a href="/console/numbering">{BROKEN}</a>' in own.get("/").text
    assert "Numbering broken One series was recomputed" in text(own.get("/"))
    assert re.search(r"broken \d+ seconds? ago", text(own.get("/numbering")))
    assert WHOLE in text(other.get("/"))


def test_a_series_that_was_recomputed_before_the_job_died_is_not_again(organization: Tenant) -> None:
    issue(organization)
    night()
    wake()
    results = chain.rows("SELECT result FROM jobs WHERE kind = %s ORDER BY id", audits.KIND)
    assert results == [({"series": 1},), ({"series": 0},)]
