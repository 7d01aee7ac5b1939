"""A folder and a bucket keep the same contract, the bucket on a real server that refuses bad signatures."""

import io
import os
import re
import signal
import socket
import tracemalloc
from hashlib import sha256

import pytest
import requests

from gateways import storage
from local.process import LOOPBACK, free_port
from tests.conftest import configure
from tests.storages import Place
from tests.waiting import wait_until

KEY = "7/" + "ab" * 32 + "-1"
# In ASCII: the server does not encode the apostrophes of other names as S3 does before it signs.
DISPOSITION, PDF = 'attachment; filename="a bill, 1.pdf"', "application/pdf"
LARGE = 20 * 1024 * 1024


def write(body: bytes, key: str = KEY) -> None:
    storage.write(key, io.BytesIO(body), len(body), sha256(body).digest())


def read(key: str = KEY) -> bytes:
    with storage.read(key) as pieces:
        return b"".join(pieces)


def test_what_is_written_is_read_measured_and_deleted(place: Place) -> None:
    assert storage.size(KEY) is None
    write(b"one")
    write(b"another", KEY + "0")
    assert (read(), storage.size(KEY), place.keys()) == (b"one", 3, [KEY, KEY + "0"])
    storage.delete(KEY)
    assert (storage.size(KEY), place.keys()) == (None, [KEY + "0"])
    storage.delete(KEY)  # again, as after a crash
    with pytest.raises(storage.Missing):
        storage.read(KEY)
    write(b"one again")
    assert read() == b"one again"


def test_a_key_is_written_from_the_beginning_of_its_file_and_anew(place: Place) -> None:
    body = io.BytesIO(b"twice")
    for _ in range(2):
        storage.write(KEY, body, 5, sha256(b"twice").digest())
    assert read() == b"twice"


def test_the_largest_file_is_never_in_memory_as_a_whole(place: Place, tmp_path) -> None:
    digest = sha256()
    with (tmp_path / "large").open("w+b") as file:
        for number in range(LARGE // 1024):
            piece = number.to_bytes(4, "big") * 256
            digest.update(piece)
            file.write(piece)
        tracemalloc.start()
        try:
            storage.write(KEY, file, LARGE, digest.digest())
            found = sha256()
            with storage.read(KEY) as pieces:
                for piece in pieces:
                    found.update(piece)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert found.digest() == digest.digest()
    assert peak < 4 * 1024 * 1024, f"{peak:,} bytes"


def test_it_is_probed_by_a_file_that_is_gone_afterwards(place: Place) -> None:
    storage.probe()
    assert place.keys() == []


def test_a_process_that_used_it_may_fork_and_its_child_use_it(place: Place) -> None:
    write(b"the parent's")
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)  # a child that hangs ends by it
        try:
            right = read() == b"the parent's"
            write(b"the child's", KEY + "0")
            os._exit(0 if right else 1)
        except BaseException:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert read(KEY + "0") == b"the child's"


def test_a_write_that_was_cut_off_is_no_file_and_is_deleted_with_it(folder: Place) -> None:
    write(b"first")
    assert folder.folder
    (folder.folder / f"{KEY}0.part").write_bytes(b"hal")
    assert storage.size(KEY + "0") is None
    storage.delete(KEY + "0")
    assert folder.keys() == [KEY]


def test_a_file_in_a_folder_is_for_its_owner_alone(folder: Place) -> None:
    write(b"secret")
    assert folder.folder
    assert (folder.folder / KEY).stat().st_mode & 0o077 == 0
    assert (folder.folder / KEY).parent.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_one_is_the_operators_to_mend(folder: Place, tmp_path) -> None:
    (tmp_path / "taken").write_text("a file")
    configure(storage_url=(tmp_path / "taken").as_uri())
    with pytest.raises(storage.Misconfigured, match="taken cannot be used: Not a directory"):
        write(b"x")


def test_a_folder_gives_no_addresses(folder: Place) -> None:
    write(b"%PDF-1.4")
    assert storage.signed_url(KEY, 60, DISPOSITION, PDF) is None


def test_an_address_reads_one_file_by_its_name_and_type(bucket: Place) -> None:
    write(b"%PDF-1.4")
    url = storage.signed_url(KEY, 60, DISPOSITION, PDF)
    answer = requests.get(str(url), timeout=10)
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.4")
    assert answer.headers["Content-Type"] == PDF
    assert answer.headers["Content-Disposition"] == DISPOSITION


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"Signature=.", "Signature=0"),
        (r"Expires=60", "Expires=600"),
        (r"filename", "otherwise"),
        (r"-1\?", "-10?"),
        (r"%2Fpdf", "%2Fhtml"),
    ],
)
def test_a_changed_address_is_refused(bucket: Place, old: str, new: str) -> None:
    write(b"%PDF-1.4")
    write(b"another", KEY + "0")
    url = str(storage.signed_url(KEY, 60, DISPOSITION, PDF))
    changed = re.sub(old, new, url, count=1)
    if changed == url:
        changed = re.sub("Signature=.", "Signature=1", url)
    assert requests.get(changed, timeout=10).status_code == 403


def test_an_address_ends(bucket: Place) -> None:
    write(b"%PDF-1.4")
    url = str(storage.signed_url(KEY, 1, DISPOSITION, PDF))
    assert requests.get(url, timeout=10).status_code == 200
    wait_until(lambda: requests.get(url, timeout=10).status_code == 403, 10, "the address is still good")


def test_clients_that_do_not_reach_the_server_get_no_address(bucket: Place) -> None:
    configure(**bucket.settings(storage_public_endpoint=""))
    assert storage.signed_url(KEY, 60, DISPOSITION, PDF) is None


def test_amazons_own_addresses_need_no_endpoint(bucket: Place) -> None:
    configure(**bucket.settings(storage_public_endpoint="", storage_endpoint="", storage_region="eu-central-1"))
    url = str(storage.signed_url(KEY, 60, DISPOSITION, PDF))
    assert url.startswith(f"https://s3.eu-central-1.amazonaws.com/{bucket.url.removeprefix('s3://')}/{KEY}?")


def test_a_wrong_key_is_the_operators_to_mend(bucket: Place) -> None:
    write(b"here")
    configure(**bucket.settings(storage_secret_key="another"))
    with pytest.raises(storage.Misconfigured, match=r"answered 403 \(SignatureDoesNotMatch\)"):
        write(b"x")
    with pytest.raises(storage.Misconfigured, match="403"):
        storage.delete(KEY)
    configure(**bucket.settings(storage_secret_key=""))
    with pytest.raises(storage.Misconfigured, match="COUNTERFOIL_STORAGE_SECRET_KEY"):
        write(b"x")


def test_a_server_that_is_away_is_not_there_now(bucket: Place) -> None:
    configure(**bucket.settings(storage_endpoint=f"http://{LOOPBACK}:{free_port()}"))
    for act in (lambda: write(b"x"), lambda: read(), lambda: storage.size(KEY), lambda: storage.delete(KEY)):
        with pytest.raises(storage.Unavailable, match="cannot be reached") as caught:
            act()
        assert not isinstance(caught.value, storage.Misconfigured)


def test_a_server_that_never_answers_is_waited_for_in_vain_but_not_for_long(
    bucket: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateways.storage.bucket.ANSWER_S", 0.5)
    with socket.create_server((LOOPBACK, 0)) as silent:
        configure(**bucket.settings(storage_endpoint=f"http://{LOOPBACK}:{silent.getsockname()[1]}"))
        with pytest.raises(storage.Unavailable, match="does not answer in time"):
            write(b"x")


def test_there_may_be_none(settings_return: None) -> None:
    configure(storage_url="")
    assert not storage.is_set()
    with pytest.raises(storage.Misconfigured, match="COUNTERFOIL_STORAGE_URL"):
        write(b"x")
