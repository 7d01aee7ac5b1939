"""What an organization sees of its quotas, and operators of the installation's settings: no secret among them."""

from dataclasses import fields

from settings import Settings, variable
from tests import chain
from tests.browser import logged_in, text
from tests.conftest import configure

SECRET = "5up3r-s3cret-w0rd"


def test_a_viewer_sees_what_is_used_of_the_quotas(organization):
    chain.ask("UPDATE organizations SET max_templates = 5, max_invoices_per_day = 4")
    chain.submit(organization, "Client")
    page = text(logged_in(organization.id, "viewer").get("/settings"))
    assert "Currency EUR" in page
    assert "1 of 4 (25 %)" in page
    assert "Completed and cancelled jobs 90 days" in page
    assert "2,000 a second on average, 20,000 at once" in page
    assert "DATABASE_URL" not in page
    assert variable("api_threads") not in page


def test_an_operator_sees_every_setting_and_no_secret(organization, settings_return):
    operator = logged_in(organization.id, "operator")
    secrets = {one.name: SECRET for one in fields(Settings) if not one.repr and "database" not in one.name}
    configure(**secrets, api_threads=77, extraction_url=f"https://robot:{SECRET}@model.example/v1")
    answer = operator.get("/settings")
    page = text(answer)
    for one in fields(Settings):
        assert variable(one.name) in page
    assert f"{variable('api_threads')} 77 set here" in page
    assert f"{variable('cron_secret')} set, not shown" in page
    assert f"{variable('extraction_url')} https://model.example/v1 set here" in page
    assert SECRET not in answer.text
    assert "postgresql://" not in answer.text
