"""What was stored and not kept is deleted, and nothing that is kept or may still be: whoever comes first."""

import threading

import pytest

from db.transaction import transaction
from domain.files import collection, storing
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from local.process import LOOPBACK, free_port
from tasks.app import cleanup
from tests import chain
from tests.conftest import configure
from tests.integration.files.files import BILL, COLLECT, a_day_passes, kept, rows, stored
from tests.storages import Place
from tests.tenant import Tenant
from tests.waiting import wait_until

JOBS = "SELECT organization_id, status FROM jobs WHERE kind = %s ORDER BY id"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
OPEN = "SELECT id FROM jobs WHERE kind = %s AND status = 'PENDING'"


def collect() -> None:
    """Do what the clean-up owes, until nothing of it is left."""
    cleanup()
    while ids := [job_id for (job_id,) in chain.rows(OPEN, COLLECT)]:
        for job_id in ids:
            assert run_jobs(find(COLLECT), [job_id]) == []


def test_what_nobody_kept_within_a_day_is_deleted(place: Place, organization: Tenant) -> None:
    stored(organization, BILL + b" of nobody")
    file = kept(organization)
    collect()
    assert len(place.keys()) == 2, "it might still be kept"
    assert chain.rows(JOBS, COLLECT) == [], "a job was owed for nothing"
    a_day_passes()
    collect()
    assert (place.keys(), rows()) == ([file.key], (1, 0))
    assert storing.content(file) == BILL
    assert chain.rows(JOBS, COLLECT) == [(organization.id, "COMPLETED")]


def test_what_may_still_be_kept_stays_beside_what_may_not(folder: Place, organization: Tenant) -> None:
    stored(organization, BILL + b" of yesterday")
    a_day_passes()
    young = stored(organization)
    collect()
    with transaction() as session:
        assert storing.keep(session, young) == young
    assert (folder.keys(), rows()) == ([young.key], (1, 0))


def test_each_organization_has_a_job_of_its_own_and_no_second_one(
    folder: Place, organization: Tenant, other_organization: Tenant
) -> None:
    for tenant in (organization, other_organization):
        stored(tenant)
    a_day_passes()
    for _ in range(3):
        cleanup()
    assert sorted(chain.rows(JOBS, COLLECT)) == sorted(
        [(organization.id, "PENDING"), (other_organization.id, "PENDING")]
    )


def test_many_are_deleted_in_several_runs(folder: Place, organization: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "MAX_WRITES", 2)
    for number in range(5):
        stored(organization, BILL + bytes([number]))
    a_day_passes()
    collect()
    assert (folder.keys(), rows()) == ([], (0, 0))
    assert chain.rows(JOBS, COLLECT) == [(organization.id, "COMPLETED")]


def test_what_the_storage_never_got_is_forgotten(folder: Place, organization: Tenant) -> None:
    file = stored(organization)
    storing.forget(organization.id, file.sha256, file.write_id)
    a_day_passes()
    collect()
    assert rows() == (0, 0)


def test_a_storage_that_is_away_is_asked_again_later_and_no_attempt_is_counted(
    bucket: Place, organization: Tenant
) -> None:
    stored(organization)
    a_day_passes()
    configure(**bucket.settings(storage_endpoint=f"http://{LOOPBACK}:{free_port()}"))
    cleanup()
    [(job_id,)] = chain.rows(OPEN, COLLECT)
    run_jobs(find(COLLECT), [job_id])
    waits = "SELECT attempts, extract(epoch FROM available_at - clock_timestamp()) > 500 FROM jobs WHERE id = %s"
    assert chain.rows(waits, job_id) == [(0, True)]
    assert (len(bucket.keys()), rows()) == (1, (0, 1))
    configure(**bucket.settings())
    chain.time_passes()
    collect()
    assert (bucket.keys(), rows()) == ([], (0, 0))


def test_who_comes_after_it_was_given_up_is_sent_away_and_stores_it_again(place: Place, organization: Tenant) -> None:
    late = stored(organization)
    a_day_passes()
    with transaction() as session:
        given_up = collection.give_up(session, organization.id)
    with transaction() as session, pytest.raises(storing.GivenUp, match="send it again"):
        storing.keep(session, late)
    again = kept(organization)
    # The collector was frozen meanwhile: what it deletes now is not what was stored again.
    assert collection.delete(organization.id, given_up) == given_up
    with transaction() as session:
        collection.forget(session, organization.id, given_up)
    assert (place.keys(), rows()) == ([again.key], (1, 0))
    assert storing.content(again) == BILL


def test_what_is_kept_at_this_moment_is_not_given_up(folder: Place, organization: Tenant) -> None:
    """Whoever keeps it has its row first: the collector passes it by, and finds nothing afterwards."""
    file = stored(organization)
    a_day_passes()
    with transaction() as keeping:
        storing.keep(keeping, file)
        with transaction() as collecting:
            assert collection.give_up(collecting, organization.id) == []
    collect()
    assert (folder.keys(), rows()) == ([file.key], (1, 0))


def test_what_is_given_up_at_this_moment_is_not_kept(folder: Place, organization: Tenant) -> None:
    """The collector has its row first: whoever keeps it waits, and is sent away."""
    file = stored(organization)
    a_day_passes()
    refused = []

    def keep() -> None:
        try:
            with transaction() as session:
                storing.keep(session, file)
        except storing.GivenUp as error:
            refused.append(error)

    keeper = threading.Thread(target=keep)
    with transaction() as session:
        [write] = collection.give_up(session, organization.id)
        keeper.start()
        wait_until(lambda: chain.value(WAITING) == 1, 2, "it did not wait")
    keeper.join(10)
    assert (write.id, len(refused), rows()) == (file.write_id, 1, (0, 1))


def test_a_collector_that_dies_after_giving_up_is_followed_by_another(folder: Place, organization: Tenant) -> None:
    stored(organization)
    a_day_passes()
    with transaction() as session:
        collection.give_up(session, organization.id)
    collect()
    assert (folder.keys(), rows()) == ([], (0, 0))
