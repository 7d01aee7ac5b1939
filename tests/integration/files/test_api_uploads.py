"""A route takes one file: its size is known before it is read, its type by its content, its fate in one transaction."""

import io
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.test import TestResponse

import settings
from api import app as application
from api.app import create_app
from api.http.uploads import MAX_UPLOAD_BYTES, Form, Upload
from domain.files.spooling import MAX_FILE_BYTES
from tests.integration.files.files import BILL, rows
from tests.integration.files.trial import PATH, trial_api
from tests.storages import Place
from tests.tenant import Tenant

BOUNDARY = "x"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(application, "BLUEPRINTS", (*application.BLUEPRINTS, trial_api))
    return create_app(settings.current())


@pytest.fixture
def send(app: Flask, organization: Tenant, folder: Place) -> Any:
    """Send a request to the route; `data` is the form."""

    def send(data: Any = None, headers: Any = (), **options: Any) -> TestResponse:
        own = {"Authorization": f"Bearer {organization.key}"} | dict(headers)
        return app.test_client().post(PATH, data=data, headers=own, **options)

    return send


def form(body: bytes = BILL, name: str = "bill.pdf", part: str = "file") -> dict[str, Any]:
    return {part: (io.BytesIO(body), name)}


def raw(*parts: bytes, end: bytes = b"--x--\r\n") -> dict[str, Any]:
    """Return a request whose body is written out."""
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + end
    return {"data": body, "content_type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str = "file", filename: str = '; filename="bill.pdf"', body: bytes = BILL) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"{filename}\r\n\r\n'.encode() + body


def test_a_file_is_stored_and_kept(send, folder, organization) -> None:
    answer = send(form(name="../Фактура.exe"))
    assert answer.status_code == 201, answer.json
    assert (answer.json["name"], answer.json["type"]) == ("Фактура.exe", "application/pdf")
    assert rows() == (1, 0)
    [key] = folder.keys()
    assert answer.json["sha256"] in key


def test_what_is_repeated_is_done_once_and_another_file_under_the_key_refused(send, folder) -> None:
    key = {"Idempotency-Key": "one"}
    first = send(form(), key)
    again = send(form(), key)
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    for other in (form(BILL + b" "), form(name="another.pdf")):
        assert send(other, key).status_code == 422
    assert (len(folder.keys()), rows()) == (1, (1, 0))


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "the file is empty"),
        (b"GIF89a", 415, "the file must be PDF, PNG, JPEG, TIFF, WebP or XML, which its content does not show"),
    ],
)
def test_a_file_that_is_none_of_those_taken_is_refused(send, folder, body, status, told) -> None:
    answer = send(form(body, "bill.pdf"))
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert (answer.json["detail"], answer.json["errors"]) == (told, {"file": [told]})
    assert (folder.keys(), rows()) == ([], (0, 0))


FORMS: dict[str, dict[str, Any]] = {
    "no part": raw(),
    "nothing": {"data": b"", "content_type": "multipart/form-data; boundary=x"},
    "another part": raw(part("files")),
    "two files": raw(part(), part()),
    "a file and a field": raw(part(), part("note", "", b"paid")),
    "a field and a file": raw(part("note", "", b"paid"), part()),
    "no name": raw(b"Content-Disposition: form-data\r\n\r\n" + BILL),
    "no disposition": raw(b"X: y\r\n\r\n" + BILL),
    "words behind the end": raw(part(), end=b"--x--\r\n" + b"y" * 20),
    "no end": raw(part(), end=b""),
    "cut off in the head": raw(end=b"--x\r\nContent-Disp"),
    "no boundary": {"data": b"--x--", "content_type": "multipart/form-data"},
    "an empty boundary": {"data": b"--x--", "content_type": 'multipart/form-data; boundary=""'},
    "a boundary too long": {"data": b"--x--", "content_type": f"multipart/form-data; boundary={'y' * 71}"},
    "a head without an end": raw(b"X: " + b"y" * 1_000_000),
    "no form at all": {"data": b"y" * 1_000_000, "content_type": "multipart/form-data; boundary=x"},
    "a head that is no text": raw(b'Content-Disposition: form-data; name="file\xff"\r\n\r\n' + BILL),
}


def test_a_form_that_is_not_one_file_is_refused(send, folder) -> None:
    for name, sent in FORMS.items():
        answer = send(**sent)
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), (name, answer.data)
    assert (folder.keys(), rows()) == ([], (0, 0))


def test_a_part_without_a_file_name_is_a_file_all_the_same(send) -> None:
    answer = send(**raw(part(filename="")))
    assert (answer.status_code, answer.json["name"]) == (201, "file")


def test_what_is_no_form_is_refused_with_415(send) -> None:
    for sent in (
        {"data": BILL, "content_type": "application/pdf"},
        {"json": {"file": "x"}},
        {"data": {"file": "x"}},
        {**raw(part()), "headers": {"Content-Encoding": "gzip"}},
    ):
        answer = send(**sent)
        assert (answer.status_code, answer.mimetype) == (415, "application/problem+json")
        assert "multipart/form-data" in answer.json["detail"]


def test_the_largest_file_is_taken_and_a_larger_one_is_not(send, folder) -> None:
    largest = BILL + b" " * (MAX_FILE_BYTES - len(BILL))
    assert send(form(largest)).status_code == 201
    answer = send(form(largest + b" "))
    assert (answer.status_code, "20 MB" in answer.json["detail"]) == (413, True)
    assert len(folder.keys()) == 1


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = readinto = read1 = read  # type: ignore[assignment]


def test_a_body_that_announces_too_much_is_refused_unread(send) -> None:
    announced = {"CONTENT_LENGTH": str(MAX_UPLOAD_BYTES + 1)}
    answer = send(input_stream=Unread(), content_type="multipart/form-data; boundary=x", environ_overrides=announced)
    assert (answer.status_code, "20 MB" in answer.json["detail"]) == (413, True)


def test_a_body_of_unknown_length_is_counted(send, folder) -> None:
    body = b"--x\r\n" + part(body=BILL + b" " * MAX_UPLOAD_BYTES) + b"\r\n--x--"
    options = {"headers": {"Transfer-Encoding": "chunked"}, "environ_overrides": {"wsgi.input_terminated": True}}
    answer = send(input_stream=io.BytesIO(body), content_type="multipart/form-data; boundary=x", **options)
    assert answer.status_code == 413
    assert folder.keys() == []


def test_nothing_of_an_upload_stays_on_this_machine(send, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for one in (form(), form(b"GIF89a"), form(part="other")):
        send(one)
    assert list(tmp_path.glob("tmp*")) == []


def test_a_machine_without_room_says_come_again(send, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("domain.files.spooling.tempfile.TemporaryFile", Full)
    answer = send(form())
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "No space" not in answer.json["detail"]


def test_other_routes_keep_to_the_usual_size(client) -> None:
    answer = client.post("/api/v1/locations", b" " * (3 * 1024 * 1024))
    assert (answer.status_code, "2 MB" in answer.json["detail"]) == (413, True)


def test_an_upload_must_be_stored_before_it_is_kept() -> None:
    with pytest.raises(RuntimeError, match="pass its `store` to `once`"):
        _ = Upload("name", None).file  # type: ignore[arg-type]


def test_the_spec_says_what_is_taken_and_refused(app: Flask) -> None:
    operation = app.test_client().get("/openapi.json").json["paths"][PATH]["post"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert (schema["required"], schema["properties"]["file"]["format"]) == (["file"], "binary")
    assert operation["requestBody"]["required"] is True
    assert {"400", "409", "413", "415", "422"} <= operation["responses"].keys()


@pytest.mark.parametrize("body", [BILL, BILL + b"\r\n--y\r\n\r\n-\r\n--\r\n--xy \r", BILL + b"\n\r\n--"])
@pytest.mark.parametrize("end", [b"--x--", b"--x--\r\n"])
def test_a_form_may_be_cut_anywhere(app: Flask, monkeypatch: pytest.MonkeyPatch, body, end) -> None:
    sent = raw(part(body=body), end=end)
    for size in range(1, len(sent["data"]) + 1):
        monkeypatch.setattr("api.http.uploads.PIECE_BYTES", size)
        with app.test_request_context(PATH, method="POST", **sent):
            assert b"".join(Form(request).pieces()) == body, size
