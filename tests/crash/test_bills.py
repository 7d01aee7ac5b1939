"""Who works on a bill may die at any point: it is read once, told of once and booked once, and nothing is half done."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counterfoil.crashkit.fuse import killed_at, points
from counterfoil.crashkit.trial import every_point
from db import models
from db.models import EventStream
from domain.bills.intake import UPLOAD, receive
from domain.bills.status import PROCESS, Status
from domain.files.spooling import spool
from domain.files.storing import File
from gateways import storage
from tests import chain
from tests.caller import Caller
from tests.integration.bills import papers
from tests.integration.bills.papers import pdf
from tests.storages import Place
from tests.tenant import Tenant
from tests.waiting import wait_until_answered

BILL = "SELECT status, fields -> 'total' ->> 'value' FROM bills"
TOLD = "SELECT type FROM pending_events UNION ALL SELECT type FROM events"


@pytest.fixture(autouse=True)
def files_are_in_a_folder(storage_folder: Place) -> None:
    """What these tests upload is kept in a folder of each test."""


def stored(session: Session, organization_id: int) -> File:
    """Return a file of an organization that no other transaction can see yet."""
    with ThreadPoolExecutor(1) as aside, spool([pdf()]) as spooled:
        file = File(organization_id, spooled.sha256, spooled.size, spooled.media_type, write_id=1)
        aside.submit(storage.write, file.key, spooled.file, file.size, file.sha256).result()
    session.add(models.File(**asdict(file)))
    session.flush()
    return file


def test_a_bill_is_read_once_and_told_of_once_wherever_its_worker_dies(template_database, record_property):
    def prepare(session: Session, organization_id: int) -> dict[str, Any]:
        session.add(EventStream(organization_id=organization_id))
        bill = receive(session, stored(session, organization_id), "bill.pdf", UPLOAD).bill
        bill.status = Status.ERROR
        session.flush()
        return {"invoiceId": bill.id}

    def read_once(connection: psycopg.Connection) -> None:
        assert connection.execute(BILL).fetchall() == [("needs_review", "120.00")]
        assert [name for (name,) in connection.execute(TOLD)].count("bill.needs_review") == 1

    points = every_point(template_database, PROCESS, prepare, [read_once])
    record_property("points", len(points))
    assert {"after begin_bills", "after record_bills", "after tell_events", "after commit"} <= {*points}


def upload(tenant: Tenant, key: str) -> TestResponse:
    return papers.send(Caller(tenant.key), pdf(), headers={"Idempotency-Key": key})


def test_who_takes_in_a_bill_may_die_at_every_point(database, organization, record_property):
    Caller(organization.key).get("/api/v1/me")  # writes down that the key is used, which would be a point of its own
    names = points(lambda: upload(organization, "nowhere"))
    assert {"after enqueue", "after commit"} <= {*names}
    for at, name in enumerate(names):
        chain.ask("DELETE FROM bills")
        chain.ask("DELETE FROM files")
        assert killed_at(at, lambda: upload(organization, f"{at}")), f"never came to {name}"  # noqa: B023  run at once
        answer = wait_until_answered(lambda: upload(organization, f"{at}"))  # noqa: B023  run at once
        assert answer.status_code == 202, f"killed {name}: {answer.json}"
        owed = chain.rows("SELECT bills.id, bills.status FROM bills JOIN open_jobs AS job ON job.id = job_id")
        assert owed == [(answer.json["billId"], "received")], f"killed {name}"
    record_property("points", len(names))


def test_a_bill_is_booked_once_wherever_the_process_dies_that_approves_it(database, organization, record_property):
    def approve(key: str) -> TestResponse:
        path = f"{papers.PATH}/{bill['id']}/approve"
        return Caller(organization.key).post(path, {}, headers={"Idempotency-Key": key})

    bill = papers.received(Caller(organization.key))
    names = points(lambda: approve("nowhere"))
    assert {"after see_supplier", "after change_sources", "after commit"} <= {*names}
    for at, name in enumerate(names):
        Caller(organization.key).post(f"{papers.PATH}/{bill['id']}/reopen")
        assert killed_at(at, lambda: approve(f"{at}")), f"never came to {name}"  # noqa: B023  run at once
        assert wait_until_answered(lambda: approve(f"{at}")).status_code == 200, name  # noqa: B023  run at once
        booked = papers.entries(organization)
        assert booked == {"6000": Decimal(100), "1400": Decimal(20), "2000": Decimal(-120)}, f"killed {name}"
    record_property("points", len(names))
