"""Failures in the console: found in groups, counted, and tried again by a job."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from domain.jobs import registry
from domain.jobs.bulk import RETRY
from tests import chain
from tests.browser import logged_in, text
from tests.integration.jobs import fragile

MADE = "SELECT id, created_by, payload -> 'perSecond', total FROM jobs WHERE kind = %s"


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    with fragile.registered():
        yield


def address(browser, everywhere: bool = False) -> str:
    """Return the address of the only group."""
    page = browser.get("/failures?everywhere=1" if everywhere else "/failures").text
    return "/failures/" + page.partition('"/console/failures/')[2].partition('"')[0]


def test_no_failure_says_so(organization):
    assert "No job has failed." in text(logged_in(organization.id).get("/failures"))


def test_a_group_is_shown_with_its_jobs_and_how_many_would_be_tried_first(organization):
    ids = fragile.failed(organization.id, 120)
    browser = logged_in(organization.id)
    assert fragile.SHAPE in text(browser.get("/failures"))
    page = browser.get(address(browser))
    assert "Failed jobs 120" in text(page)
    assert "2 jobs (1 %) are tried first" in text(page)
    assert "Try 120 jobs again" in text(page)
    assert f'href="/console/jobs/{ids[-1]}"' in page.text
    following = browser.get(f"{address(browser)}?after={ids[70]}").text
    assert f'href="/console/jobs/{ids[69]}"' in following
    assert f'href="/console/jobs/{ids[70]}"' not in following
    assert "order 71 is missing" in text(browser.get(address(browser))), "the error of each job as it is"


def test_a_failed_job_leads_to_those_that_failed_alike(organization, other_organization):
    [_, job_id] = fragile.failed(organization.id, 2)
    browser = logged_in(organization.id)
    assert f'href="/console/failures/of/{job_id}"' in browser.get(f"/jobs/{job_id}").text
    assert browser.get(f"/failures/of/{job_id}").headers["Location"] == f"/console{address(browser)}"
    assert logged_in(other_organization.id).get(f"/failures/of/{job_id}").status_code == 404


def test_a_group_is_tried_again_by_a_job_whose_page_opens(organization):
    fragile.failed(organization.id, 3)
    browser = logged_in(organization.id, "accountant")
    group = address(browser)
    answer = browser.act(group, f"{group}/retry", per_second="7")
    [(job_id, created_by, rate, total)] = chain.rows(MADE, RETRY)
    assert (created_by, rate, total) == ("user:1", 7, 3)
    assert answer.headers["Location"] == f"/console/jobs/{job_id}?told=bulk"
    page = browser.get(f"/jobs/{job_id}?told=bulk")
    assert "It has begun" in text(page)
    assert f'<a href="/console{group}">' in page.text, "and back to what is tried again"
    assert chain.rows("SELECT action FROM audit_log ORDER BY id DESC LIMIT 1") == [("retryFailures",)]
    again = browser.act(group, f"{group}/retry")
    assert (again.status_code, f"job {job_id} is at it" in text(again)) == (409, True)


def test_a_rate_that_is_none_is_refused_beside_its_field(organization):
    fragile.failed(organization.id, 3)
    browser = logged_in(organization.id)
    group = address(browser)
    refused = browser.act(group, f"{group}/retry", per_second="1000")
    assert (refused.status_code, "must be a whole number from 1 to 100" in refused.text) == (400, True)
    assert 'value="1000"' in refused.text
    assert chain.rows(MADE, RETRY) == []


def test_a_group_of_what_the_user_may_not_do_is_not_tried_again(organization):
    fragile.failed(organization.id, 1)
    registry._kinds[fragile.NAME] = replace(fragile.KIND, permission="users:manage")  # until `kind` takes it away
    browser = logged_in(organization.id, "accountant")
    group = address(browser)
    assert browser.act(group, f"{group}/retry").status_code == 403


def test_a_clerk_sees_failures_and_no_form(organization):
    fragile.failed(organization.id, 1)
    browser = logged_in(organization.id, "clerk")
    page = browser.get(address(browser))
    assert (page.status_code, "per_second" in page.text) == (200, False)


def test_another_organization_sees_nothing_of_it(organization, other_organization):
    fragile.failed(organization.id, 2)
    group = address(logged_in(organization.id))
    stranger = logged_in(other_organization.id)
    assert fragile.SHAPE not in stranger.get("/failures").text
    for path in (group, f"{group}?everywhere=1", "/failures?everywhere=1"):
        assert stranger.get(path).status_code in (403, 404), path
    assert stranger.act("/account", f"{group}/retry").status_code == 404
    assert stranger.act("/account", f"{group}/retry?everywhere=1").status_code == 403


def test_an_operator_sees_how_many_organizations_it_meets_and_opens_no_job_of_others(organization, other_organization):
    [own] = fragile.failed(organization.id, 1)
    [other] = fragile.failed(other_organization.id, 1)
    operator = logged_in(organization.id, "operator")
    page = operator.get(address(operator, everywhere=True))
    assert "Failed jobs 2 Organizations 2" in text(page)
    assert f"/console/jobs/{own}" in page.text
    assert f"/console/jobs/{other}" not in page.text
    answer = operator.act(
        address(operator, everywhere=True), address(operator, everywhere=True).replace("?", "/retry?")
    )
    assert answer.status_code == 303
    assert chain.rows(MADE, RETRY)[0][3] == 2
