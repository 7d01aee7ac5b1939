"""Templates in the console: seen by all, changed by whoever may, and tried before they are saved."""

from api.http.bodies.templates import PLAIN
from tests import chain
from tests.browser import Browser, logged_in, text
from tests.tenant import Tenant


def test_templates_are_made_changed_and_seen(organization: Tenant, other_organization: Tenant) -> None:
    browser, viewer = logged_in(organization.id), logged_in(organization.id, "viewer")
    known = chain.value("SELECT count(*) FROM templates WHERE organization_id = %s", organization.id)
    assert browser.get("/templates").text.count('<td><a href="/console/templates/') == known
    made = browser.act("/templates/new", "/templates/new", key="form-1", name="Plain", html=PLAIN)
    assert made.status_code == 303, text(made)
    place = made.headers["Location"].removeprefix("/console").partition("?")[0]
    changed = browser.act(place, place, name="Plainer", html=f"{PLAIN}\r\n", isDefault="1")
    assert changed.status_code == 303, text(changed)
    assert "Plainer the default" in text(browser.get("/templates"))
    assert "{{invoiceNumber}}" in viewer.get(place).text
    assert "<button" not in viewer.get(place).text.partition("<main")[2]
    assert viewer.get("/templates/new").status_code == 403
    assert logged_in(other_organization.id).get(place).status_code == 404
    assert chain.rows("SELECT action, target FROM audit_log WHERE action LIKE '%%Template' ORDER BY id") == [
        ("createTemplate", place),
        ("replaceTemplate", place),
    ]


def test_a_template_that_cannot_print_is_refused_and_nothing_is_typed_twice(organization: Tenant) -> None:
    refused = _new(logged_in(organization.id), name="Bad", html="<html>{{total}}</html>")
    assert (refused.status_code, 'value="Bad"' in refused.text) == (400, True)
    assert "&lt;html&gt;{{total}}&lt;/html&gt;" in refused.text


def _new(browser: Browser, **form: str):
    return browser.act("/templates/new", "/templates/new", **form)
