"""An upload over the wire: as large as a file may be where one is taken, and nowhere else, however slowly it comes."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from domain import master_keys
from domain.files.spooling import MAX_FILE_BYTES
from local.process import LOOPBACK, free_port
from tests import chain as rows
from tests.faults.processes import Chain, Process
from tests.integration.files.trial import PATH
from tests.tenant import Tenant
from tests.waiting import wait_until

PROGRAM = """
import api.app, cli.main
from tests.integration.files.trial import trial_api
api.app.BLUEPRINTS += (trial_api,)
cli.main.main()
"""
PDF = b"%PDF-1.4\n"
HEAD, TAIL = b'--x\r\nContent-Disposition: form-data; name="file"; filename="bill.pdf"\r\n\r\n', b"\r\n--x--\r\n"
FORM = "multipart/form-data; boundary=x"
REQUEST_S = 2


class Api:
    """The API as a process that takes files, with short deadlines."""

    def __init__(self, chain: Chain, folder: Path, tenant: Tenant) -> None:
        self.port, self.key, self.folder = free_port(), tenant.key, folder
        self.process: Process = chain.spawn(
            "api",
            PROGRAM,
            api_port=self.port,
            api_threads=4,
            api_request_timeout=REQUEST_S,
            http_timeout=20,
            task_timeout=30,
            lease=60,
            storage_url=folder.as_uri(),
            master_keys=master_keys.new_key(),
        )
        self.process.health = f"{self.url}/api/v1/health"
        chain.await_ready(self.process)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def post(self, body: object, path: str = PATH, kind: str = FORM) -> requests.Response:
        """Send a body, in chunks if it comes in pieces."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        return requests.post(self.url + path, data=body, headers=headers, timeout=60)

    def announce(self, path: str, *headers: str) -> tuple[int, str]:
        """Return the status of the answer to a head alone, whose body never comes, and the size that it names."""
        lines = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {self.key}", *headers, "", ""]
        with socket.create_connection((LOOPBACK, self.port), timeout=10) as line:
            line.sendall("\r\n".join(lines).encode())
            answer = b"".join(iter(lambda: line.recv(65_536), b"")).decode()
        named = re.search(r"must not be larger than ([0-9]+ MB)", answer)
        return int(answer.split()[1]), named[1] if named else answer

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*-*") if path.is_file()]


@pytest.fixture
def api(chain: Chain, tmp_path: Path, organization: Tenant) -> Api:
    return Api(chain, tmp_path / "files", organization)


def form(size: int) -> bytes:
    return HEAD + PDF.ljust(size) + TAIL


def test_a_file_of_the_largest_size_is_taken_and_nothing_larger_anywhere(api: Api) -> None:
    assert_refused_by_its_head(api)
    assert_refused_as_it_comes(api)
    assert api.files() == []
    assert_taken(api)


def assert_taken(api: Api) -> None:
    """Fail unless it is taken whole and in chunks, and leaves nothing in the process."""
    body = form(MAX_FILE_BYTES)
    assert api.post(body).status_code == 201
    other = body.replace(b"1.4", b"1.7", 1)
    in_chunks = (other[start : start + 3_000_000] for start in range(0, len(other), 3_000_000))
    assert api.post(in_chunks).status_code == 201
    assert sorted(path.stat().st_size for path in api.files()) == [MAX_FILE_BYTES] * 2
    assert rows.rows("SELECT size, media_type FROM files") == [(MAX_FILE_BYTES, "application/pdf")] * 2
    for number in range(4):
        assert api.post(body.replace(b"1.4", b"1.%d" % number, 1)).status_code == 201
    [server] = psutil.Process(api.process.pid).children()
    assert [file.path for file in server.open_files() if "deleted" in file.path] == []
    assert server.memory_info().rss < 400 * 1024 * 1024


def assert_refused_by_its_head(api: Api) -> None:
    """Fail unless an announced body that is too large for its route is refused before it is there."""
    form_of, json_of = f"Content-Type: {FORM}", "Content-Type: application/json"
    chunked = "Transfer-Encoding: chunked"
    for path, kind, most, sizes in (
        (PATH, form_of, "20 MB", (21_100_000, 99_999_999_999)),
        ("/api/v1/locations", json_of, "2 MB", (3_000_000, 30_000_000)),
    ):
        for size in sizes:
            assert api.announce(path, kind, f"Content-Length: {size}") == (413, most)
        assert api.announce(path, kind, chunked, "", f"{30_000_000:x}") == (413, most)
    assert api.announce("/api/v1/locations", json_of, chunked, "", f"{3_000_000:x}") == (413, "2 MB")


def assert_refused_as_it_comes(api: Api) -> None:
    """Fail unless chunks without an end are counted."""

    def endless() -> Iterator[bytes]:
        yield HEAD + PDF
        while True:
            yield b" " * 1_000_000

    with suppress(requests.ConnectionError):  # it may still be sending as the connection is closed
        assert api.post(endless()).status_code == 413


def test_a_large_file_has_more_time_than_a_small_body(api: Api) -> None:
    body = form(6 * 1024 * 1024)
    pace_s, pieces = REQUEST_S * 1.5 / 10, 10

    def slowly(body: bytes) -> Iterator[bytes]:
        size = len(body) // pieces
        for start in range(0, len(body), size):
            pause = time.monotonic() + pace_s
            yield body[start : start + size]
            wait_until(lambda until=pause: time.monotonic() > until)  # type: ignore[misc]

    headers = {"Authorization": f"Bearer {api.key}", "Content-Type": FORM, "Content-Length": str(len(body))}
    request = requests.Request("POST", api.url + PATH, headers=headers, data=slowly(body)).prepare()
    del request.headers["Transfer-Encoding"]
    assert requests.Session().send(request, timeout=30).status_code == 201
    status, _ = api.announce("/api/v1/locations", "Content-Type: application/json", "Content-Length: 1000", "", "{")
    assert status == 408
