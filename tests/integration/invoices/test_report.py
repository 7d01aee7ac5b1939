"""The report of a series proves itself to a stranger: whatever is changed in it is found, without a database."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from domain import signing
from domain.invoices.report import verify
from tests import bodies
from tests.caller import Caller
from tests.conftest import configure
from tests.tenant import Tenant

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def lines(client: Caller, organization: Tenant) -> list[bytes]:
    """A report of three invoices."""
    configure(signing_key=KEY)
    for _ in range(3):
        client.post("/api/v1/invoices/generate", bodies.invoice(organization.supplier_id, dueDate="2099-01-01"))
    answer = client.get(f"/api/v1/suppliers/{organization.supplier_id}/numbering/report")
    assert (answer.status_code, answer.mimetype) == (200, "application/jsonl")
    return answer.data.splitlines(keepends=True)


def changed(line: bytes, **changes: Any) -> bytes:
    return json.dumps(json.loads(line) | changes).encode() + b"\n"


def resigned(lines: list[bytes]) -> list[bytes]:
    """Return the lines with the signature that their forger would give them, had he the key."""
    import hashlib

    digest = hashlib.sha256(b"".join(lines[:-1])).digest()
    return [*lines[:-1], json.dumps({"signature": signing.sign(digest)}).encode() + b"\n"]


def test_a_report_is_whole_and_says_what_it_holds(lines: list[bytes]) -> None:
    found = verify(lines, signing.public_key())
    assert (found.findings, found.count, found.first, found.last) == ([], 3, "INV-000001", "INV-000003")
    assert json.loads(lines[-2])["audit"]["headHash"] == found.head_hash.hex()


@pytest.mark.parametrize("forger_has_the_key", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_changed_invoice_is_found(number: int, forger_has_the_key: bool, lines: list[bytes]) -> None:
    content = json.loads(lines[number])["content"] | {"total": "1"}
    lines[number] = changed(lines[number], content=content)
    found = verify(resigned(lines) if forger_has_the_key else lines)
    assert any("was changed" in one for one in found.findings)
    assert any("signature" in one for one in found.findings) != forger_has_the_key


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_invoice_that_was_taken_out_is_found(number: int, lines: list[bytes]) -> None:
    del lines[number]
    found = verify(resigned(lines))
    assert any("was to follow" in one or "other invoices" in one for one in found.findings)


@pytest.mark.parametrize("number", range(6))
def test_a_report_that_was_cut_off_is_found(number: int, lines: list[bytes]) -> None:
    assert verify(lines[:number]).findings


def test_a_report_without_its_audit_and_one_whose_audit_found_a_fault_are_found(lines: list[bytes]) -> None:
    assert verify(resigned([*lines[:-2], lines[-1]])).findings == ["it holds no audit"]
    audit = json.loads(lines[-2])["audit"]
    late = changed(lines[-2], audit=audit | {"lateDates": [2]})
    assert verify(resigned([*lines[:-2], late, lines[-1]])).findings == ["its audit had found lateDates: [2]"]


@pytest.mark.parametrize("line", [0, 4])
def test_another_head_and_another_audit_are_found(line: int, lines: list[bytes]) -> None:
    lines[line] = changed(lines[line], supplier={"name": "Eve"})
    assert verify(lines).findings == ["its signature is not that of its content"]


def test_another_key_is_found(lines: list[bytes]) -> None:
    configure(signing_key=signing.new_key())
    assert any("another key" in one for one in verify(lines, signing.public_key()).findings)


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"[]\n", b"{}\n", b'{"content": 1}\n', b"\xff\n", b'{"signature": "x"}\n']
)
def test_what_is_no_report_is_found_and_breaks_nothing(line: bytes, lines: list[bytes]) -> None:
    for place in range(len(lines)):
        assert verify([*lines[:place], line, *lines[place + 1 :]]).findings


def test_the_command_verifies_without_a_database(lines: list[bytes], tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    report.write_bytes(b"".join(lines))
    command = [sys.executable, "-m", "cli", "verify", str(report), "--key", signing.public_key()]
    environment = {"PATH": "/usr/bin", "COUNTERFOIL_DATABASE_URL": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "ok"), done
    report.write_bytes(b"".join(lines[:-2]))
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "WRONG")
    assert "Traceback" not in done.stderr


def test_without_a_key_there_is_no_report(client: Caller, organization: Tenant) -> None:
    refused = client.get(f"/api/v1/suppliers/{organization.supplier_id}/numbering/report")
    assert (refused.status_code, "counterfoil keys signing" in refused.json["detail"]) == (409, True)
