"""Whoever takes a file may die at any point: the same upload again keeps it once, and the rest is collected."""

import pytest

from counterfoil.crashkit.fuse import killed_at, watch
from domain.files import collection, storing
from domain.jobs.execution import run_jobs
from domain.jobs.registry import find
from gateways.storage.folder import Folder
from tests import chain
from tests.integration.files.files import BILL, COLLECT, a_day_passes, kept, rows, stored
from tests.storages import Place
from tests.tenant import Tenant

watch(Folder, "write")
watch(Folder, "delete")
WAITING = "SELECT id FROM jobs WHERE kind = %s AND status = 'PENDING'"


def collected() -> None:
    """Have a day pass, the clean-up owe what it will, and a worker do it."""
    a_day_passes()
    collection.owe()
    while ids := [job_id for (job_id,) in chain.rows(WAITING, COLLECT)]:
        run_jobs(find(COLLECT), ids[:1])


def assert_kept_once(place: Place, tenant: Tenant, point: str) -> None:
    """Fail unless there is one file, in the storage and in the database, and nothing else."""
    file = kept(tenant)
    assert storing.content(file) == BILL, point
    assert (place.keys(), rows()) == ([file.key], (1, 0)), point
    assert chain.rows("SELECT files, bytes FROM file_totals") == [(1, len(BILL))], point


def test_an_upload_is_kept_once_wherever_its_process_dies(storage_folder: Place, organization: Tenant) -> None:
    points, at = [], 0
    while point := killed_at(at, lambda: kept(organization)):
        points.append(point)
        kept(organization)  # the caller, without an answer, sends it again
        chain.time_passes()
        collected()
        assert_kept_once(storage_folder, organization, f"killed {point}")
        _forget_all(storage_folder)
        at += 1
    assert {"after begin_file_write", "before write", "after write", "after keep_file", "after commit"} <= {*points}


def test_the_rest_is_collected_wherever_the_collector_dies(storage_folder: Place, organization: Tenant) -> None:
    points, at = [], 0
    while True:
        kept(organization)
        stored(organization, BILL + b" of nobody")
        point = killed_at(at, collected)
        chain.time_passes()
        chain.sweeper()
        collected()
        assert_kept_once(storage_folder, organization, f"killed {point}")
        if not point:
            break
        points.append(point)
        at += 1
    assert {"after give_up_writes", "before delete", "after delete", "after forget_writes"} <= {*points}


def _forget_all(place: Place) -> None:
    chain.ask("DELETE FROM files; DELETE FROM file_totals; DELETE FROM file_writes")
    assert place.folder
    for path in place.folder.glob("*/*"):
        path.unlink()


@pytest.mark.parametrize("rest", [b"", b"%PDF"])
def test_a_write_that_was_cut_off_is_deleted_with_what_it_left(
    storage_folder: Place, organization: Tenant, rest: bytes
) -> None:
    file = stored(organization)
    assert storage_folder.folder
    part = storage_folder.folder / f"{file.key}.part"
    (storage_folder.folder / file.key).rename(part)
    part.write_bytes(rest)
    collected()
    assert (storage_folder.keys(), rows()) == ([], (0, 0))
