"""What the people on call see of the whole installation, and the brakes: for operators alone."""

import pytest

from db import presence
from db.transaction import transaction
from domain.doctor.checks import CHECKS
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from tests import chain
from tests.browser import logged_in, text
from tests.integration.jobs.test_moves import owe

PAGES = ("/lanes", "/processes", "/doctor", "/organizations", "/organizations/1", "/live/installation")


@pytest.mark.parametrize("path", PAGES)
def test_an_owner_sees_nothing_of_the_installation(path, organization):
    assert logged_in(organization.id).get(path).status_code == 403


def test_a_lane_is_paused_after_it_was_said_how_much_waits_and_resumed(organization, other_organization):
    owe(organization.id)
    owe(other_organization.id)
    operator = logged_in(organization.id, "operator")
    assert "Pause default? 2 jobs wait there now" in operator.get("/lanes").text
    assert operator.act("/lanes", "/lanes/lane/default/pause").status_code == 303
    page = text(operator.get("/lanes?told=paused"))
    assert "The lane default is paused" in page
    assert "what workers have already been sent is still run" in page
    operator.act("/lanes", "/lanes/lane/default/resume")
    assert "is paused" not in text(operator.get("/lanes"))
    assert chain.rows("SELECT action, target FROM audit_log ORDER BY id DESC LIMIT 2") == [
        ("resumeQueue", "/lanes/lane/default/resume"),
        ("pauseQueue", "/lanes/lane/default/pause"),
    ]


def test_a_kind_is_paused_and_one_that_there_is_not_is_refused(organization):
    operator = logged_in(organization.id, "operator")
    assert operator.act("/lanes", "/lanes/kind/invoice.generate/pause").status_code == 303
    assert "The kind invoice.generate is paused" in text(operator.get("/lanes"))
    refused = operator.act("/lanes", "/lanes/kind/make.tea/pause")
    assert refused.status_code == 404
    assert "no kind is called make.tea" in text(refused)


def test_a_kind_shows_what_its_jobs_take_once_that_was_measured(organization):
    operator = logged_in(organization.id, "operator")
    name, limits = "invoice.generate default", f"{find('invoice.generate').max_attempts}"
    assert f"{name} 0 – 0 0 {limits}" in text(operator.get("/lanes"))
    run_jobs(find("invoice.generate"), [chain.submit(organization, "Client")])
    shown = text(operator.get("/lanes")).partition(f"{name} 0 – 0 0 {limits}")[2]
    assert " ms" in shown[:30]


def test_the_parts_show_who_lives_and_what_is_missing(organization):
    worker = presence.Process("there:7-abc", "worker", "there", 7, "1.2.3", ["urgent", "default"], ["probe"])
    with transaction() as session:
        presence.heartbeat(session, worker, 6.0, 15.0, 0.0)
    operator = logged_in(organization.id, "operator")
    page = text(operator.get("/processes"))
    assert "worker alive there 7 1.2.3 urgent, default" in page
    assert "No relay runs, and none did within the last hour. Start one with counterfoil relay ." in page
    assert "No worker" not in page
    chain.ask("UPDATE processes SET seen_at = seen_at - interval '1 minute'")
    page = text(operator.get("/processes"))
    assert "worker silent there" in page
    assert "No worker gives a sign of life any more" in page


def test_the_doctor_shows_each_check_with_what_helps_the_worst_first(organization):
    page = text(logged_in(organization.id, "operator").get("/doctor"))
    for name, _ in CHECKS:
        assert f" {name} " in page
    assert page.index("parts wrong") < page.index("database ok")
    assert "Start api, relay, worker, io, ocr, beat." in page
    assert "the checks broker, persistence, ports, storage, mail" in page


def test_an_organization_gets_its_share_and_its_limits(organization, other_organization):
    operator = logged_in(organization.id, "operator")
    path = f"/organizations/{other_organization.id}"
    form = {"weight": "5", "max_running": "20", "max_templates": ""}
    assert operator.act(path, path, **form).status_code == 303
    stored = "SELECT weight, max_running, max_templates FROM organizations WHERE id = %s"
    assert chain.rows(stored, other_organization.id) == [(5, 20, None)]
    assert "Umbrella 5 20" in text(operator.get("/organizations"))
    for wrong in ({"weight": "0"}, {"weight": "101"}, {"weight": "x"}, {"weight": "1", "max_stored_mb": "-1"}):
        refused = operator.act(path, path, **wrong)
        assert refused.status_code == 400
        assert "must be a whole number from 1 to" in text(refused)
    assert chain.rows(stored, other_organization.id) == [(5, 20, None)]
    assert operator.act(path, "/organizations/999", weight="1").status_code == 404
