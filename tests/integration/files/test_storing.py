"""A file is in the storage before its row, and whatever cannot be kept leaves nothing behind."""

import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from db.transaction import transaction
from domain.errors import Conflict, Invalid, NotFound
from domain.files import storing
from domain.files.spooling import MAX_FILE_BYTES, TooLarge, UnknownType, spool
from domain.identity import organizations, quotas
from domain.identity.quotas import OverQuota
from gateways import storage
from local.process import LOOPBACK, free_port
from tests import chain
from tests.conftest import configure
from tests.integration.files.files import BILL, kept, rows, stored
from tests.storages import Place
from tests.tenant import Tenant


def test_a_kept_file_is_found_and_read(place: Place, organization: Tenant) -> None:
    file = kept(organization)
    with transaction() as session:
        assert storing.find(session, organization.id, file.sha256) == file
    assert (file.size, file.media_type) == (len(BILL), "application/pdf")
    assert storing.content(file) == BILL
    assert place.keys() == [file.key] == [f"{organization.id}/{file.sha256.hex()}-{file.write_id}"]
    assert rows() == (1, 0)


def test_the_same_bytes_are_one_file(place: Place, organization: Tenant) -> None:
    assert kept(organization) == kept(organization)
    assert (len(place.keys()), rows()) == (1, (1, 0))
    assert chain.rows("SELECT files, bytes FROM file_totals") == [(1, len(BILL))]


def test_the_same_bytes_of_another_organization_are_its_own(
    place: Place, organization: Tenant, other_organization: Tenant
) -> None:
    file = kept(organization)
    with transaction() as session, pytest.raises(NotFound):
        storing.find(session, other_organization.id, file.sha256)
    assert kept(other_organization).key != file.key
    assert (len(place.keys()), rows()) == (2, (2, 0))


def test_no_organization_keeps_what_another_has_stored(
    folder: Place, organization: Tenant, other_organization: Tenant
) -> None:
    file = stored(organization)
    forged = storing.File(other_organization.id, file.sha256, file.size, file.media_type, file.write_id)
    with transaction() as session, pytest.raises(storing.GivenUp):
        storing.keep(session, forged)
    assert rows() == (0, 1)


def test_what_rolls_back_is_not_kept(folder: Place, organization: Tenant) -> None:
    file = stored(organization)
    with suppress(ZeroDivisionError), transaction() as session:
        storing.keep(session, file)
        raise ZeroDivisionError
    assert rows() == (0, 1)
    assert chain.rows("SELECT * FROM file_totals") == []


def test_of_two_that_store_the_same_at_once_one_is_kept_and_the_other_collected(
    folder: Place, organization: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stored(organization)
    with monkeypatch.context() as patch:  # it has not come yet
        patch.setattr(storage, "size", lambda key: None)
        second = stored(organization)
    with transaction() as session:
        assert storing.keep(session, second) == second
    with transaction() as session:
        assert storing.keep(session, first) == second
    assert rows() == (1, 1)
    assert chain.rows("SELECT id FROM file_writes") == [(first.write_id,)]


def test_what_the_storage_has_lost_is_put_back_by_the_same_upload(place: Place, organization: Tenant) -> None:
    file = kept(organization)
    storing.forget(organization.id, file.sha256, file.write_id)
    with pytest.raises(storing.Damaged, match="upload it again"):
        storing.content(file)
    assert kept(organization) == file
    assert storing.content(file) == BILL


def test_what_was_changed_in_the_storage_is_seen(folder: Place, organization: Tenant) -> None:
    file = kept(organization)
    assert folder.folder
    (folder.folder / file.key).write_bytes(b"%PDF-1.4\nA BILL")
    with pytest.raises(storing.Damaged):
        storing.content(file)


def test_inside_a_transaction_nothing_is_stored(folder: Place, organization: Tenant) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction():
        stored(organization)
    assert folder.keys() == []


def test_without_a_storage_a_file_is_refused(organization: Tenant, settings_return: None) -> None:
    configure(storage_url="")
    with pytest.raises(Conflict, match="its operator sets COUNTERFOIL_STORAGE_URL"):
        stored(organization)
    assert rows() == (0, 0)


def test_a_storage_that_is_away_says_come_again(bucket: Place, organization: Tenant) -> None:
    configure(**bucket.settings(storage_endpoint=f"http://{LOOPBACK}:{free_port()}"))
    with pytest.raises(storing.StorageAway, match="come again"):
        stored(organization)
    assert rows() == (0, 1)


def test_what_a_storage_that_is_away_did_not_take_counts_to_no_quota(bucket: Place, organization: Tenant) -> None:
    with transaction() as session:
        organizations.share(session, organization.id, 1, max_stored_mb=1)
    half = BILL + b" " * (512 * 1024)
    configure(**bucket.settings(storage_endpoint=f"http://{LOOPBACK}:{free_port()}"))
    for _ in range(3):
        with pytest.raises(storing.StorageAway):
            stored(organization, half)
    configure(**bucket.settings())
    assert kept(organization, half).size == len(half)


def test_who_was_sent_away_after_it_was_stored_and_comes_again_stores_it_once(
    place: Place, organization: Tenant
) -> None:
    assert stored(organization) == stored(organization) == kept(organization)
    assert (len(place.keys()), rows()) == (1, (1, 0))


def test_what_is_given_up_in_a_few_hours_is_stored_again(folder: Place, organization: Tenant) -> None:
    early = stored(organization)
    chain.ask("UPDATE file_writes SET stored_at = stored_at - interval '23 hours'")
    assert kept(organization) != early


def test_a_folder_whose_disk_is_full_keeps_no_part_of_a_file(folder: Place, organization: Tenant) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with spool([BILL, b" " * 500_000]) as spooled:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        try:
            with pytest.raises(storing.StorageAway, match="come again"):
                storing.store(organization.id, spooled)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert folder.keys() == []


def test_files_count_to_what_an_organization_may_store(folder: Place, organization: Tenant) -> None:
    with transaction() as session:
        before = quotas.usage(session, organization.id).stored_bytes
    kept(organization)
    with transaction() as session:
        assert quotas.usage(session, organization.id).stored_bytes == before + len(BILL)
        organizations.share(session, organization.id, 1, max_stored_mb=1)
    megabyte = BILL + b" " * 1024 * 1024
    with pytest.raises(OverQuota, match="1 MB") as refused:
        stored(organization, megabyte)
    assert refused.value.pause is None
    assert rows() == (1, 0)
    half = BILL + b" " * (512 * 1024)
    stored(organization, half)
    with pytest.raises(OverQuota):  # what is on its way counts as well
        stored(organization, half + b" ")
    assert len(folder.keys()) == 2


def test_many_uploads_at_once_pass_no_quota(folder: Place, organization: Tenant) -> None:
    with transaction() as session:
        organizations.share(session, organization.id, 1, max_stored_mb=1)
    many = threading.Barrier(8)

    def store(number: int) -> bool:
        many.wait(10)
        try:
            stored(organization, BILL + b" " * 600_000 + bytes([number]))
        except OverQuota:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(store, range(8))) == 1
    assert len(folder.keys()) == 1


def test_a_file_that_announces_too_much_is_refused_before_it_is_read() -> None:
    def unread() -> Iterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    with pytest.raises(TooLarge, match="20 MB"), spool(unread(), declared=MAX_FILE_BYTES + 1):
        pass


def test_a_file_that_is_too_large_is_read_no_further() -> None:
    read = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield BILL + b" " * 1024 * 1024

    with pytest.raises(TooLarge), spool(endless()):
        pass
    assert len(read) == 20


def test_the_largest_file_is_taken() -> None:
    with spool([BILL, b" " * (MAX_FILE_BYTES - len(BILL))]) as spooled:
        assert spooled.size == MAX_FILE_BYTES


@pytest.mark.parametrize(
    ("body", "fault", "told"),
    [(b"", Invalid, "empty"), (b"GIF89a", UnknownType, "PDF, PNG, JPEG, TIFF, WebP or XML")],
)
def test_what_is_no_file_is_refused_in_words(body: bytes, fault: type[Exception], told: str) -> None:
    with pytest.raises(fault, match=told), spool([body]):
        pass
