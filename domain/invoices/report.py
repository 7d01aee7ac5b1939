"""The audit of a series as a file that proves itself: every invoice's content and hash, what was found, a signature.

JSON Lines: a head, {"content", "hash"} for each invoice in the order of its numbers, {"audit"}, and {"signature"} over
the SHA-256 of all lines before it. Whoever has the file and the public key needs no database to check it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import NumberSeries
from domain import signing
from domain.errors import NotFound
from domain.invoices import ledger
from domain.invoices.audit import audit
from domain.invoices.series import STRICT
from domain.parties import suppliers

FORMAT = "counterfoil-numbering-1"
MAX_FINDINGS = 20
# What a line after the head is, by what it has.
MEMBERS = {"invoice": ("content", dict), "audit": ("audit", dict), "signature": ("signature", str)}
DEFINITION = ("pattern", "digits", "start_number", "restart", "chronology")


def write(session: Session, organization_id: int, supplier_id: int, code: str, file: IO[bytes]) -> None:
    """Write the report of a supplier's series; raise NotFound, or Conflict without a key to sign it with.

    `session` must be a report's: the whole report sees one snapshot.
    """
    digest = hashlib.sha256()

    def put(line: Mapping[str, Any]) -> None:
        text = orjson.dumps(line) + b"\n"
        digest.update(text)
        file.write(text)

    supplier = suppliers.get(session, organization_id, supplier_id)
    series = session.get(NumberSeries, (supplier_id, code))
    if series is None:
        raise NotFound(f"the supplier has no series {code}")
    key = signing.public_key()
    definition = {name: getattr(series, name) for name in DEFINITION}
    put(
        {
            "format": FORMAT,
            "createdAt": session.scalars(select(func.statement_timestamp())).one().isoformat(),
            "supplier": supplier.snapshot(),
            "series": {"code": code, **definition},
            "publicKey": key,
        }
    )
    put({"audit": audit(session, organization_id, supplier_id, code, put)})
    file.write(orjson.dumps({"signature": signing.sign(digest.digest())}) + b"\n")


@dataclass
class Verified:
    """What a report says of itself, and each `finding` against it; without one it is whole and untouched."""

    head: Mapping[str, Any] = field(default_factory=dict)
    count: int = 0
    first: str | None = None
    last: str | None = None
    head_hash: bytes = ledger.GENESIS
    findings: list[str] = field(default_factory=list)

    def find(self, told: str) -> None:
        """Note a finding, as far as there is room."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(told)


def verify(lines: Iterable[bytes], key: str | None = None) -> Verified:
    """Recompute a report from its lines alone; with `key` it must be signed by that public key, in base64."""
    verified, digest, before = Verified(), hashlib.sha256(), b""
    audited: Mapping[str, Any] | None = None
    signature = ""
    for name, line, raw in _read(lines, verified):
        digest.update(before)
        before = raw
        if name == "head":
            verified.head = line
        elif name == "invoice":
            _check_invoice(verified, line)
        elif name == "audit":
            audited = line["audit"]
        else:
            signature = line["signature"]
    _check_end(verified, audited)
    signed_by = str(verified.head.get("publicKey", ""))
    if key and signed_by != key:
        verified.find(f"it is signed by another key: {signed_by}")
    if not signing.is_signed(digest.digest(), signature, key or signed_by):
        verified.find("its signature is not that of its content")
    return verified


def _read(lines: Iterable[bytes], verified: Verified) -> Iterator[tuple[str, Mapping[str, Any], bytes]]:
    """Yield what each line is, its JSON and its bytes; note what no report has, and where it ends too early."""
    expected = "head"
    for number, raw in enumerate(lines, 1):
        try:
            line = orjson.loads(raw)
            name = _name(line)
        except orjson.JSONDecodeError:
            name = ""
        if not name or (name == "head") != (expected == "head") or expected == "nothing":
            verified.find(f"line {number} is not what a report has there")
            return
        yield name, line, raw
        expected = {"head": "rest", "signature": "nothing"}.get(name, expected)
    if expected != "nothing":
        verified.find("it ends before its signature: some of it is missing")


def _name(line: Any) -> str:
    if not isinstance(line, dict):
        return ""
    if line.get("format") == FORMAT and isinstance(line.get("series"), dict):
        return "head" if isinstance(line["series"].get("start_number"), int) else ""
    return next((name for name, (member, kind) in MEMBERS.items() if isinstance(line.get(member), kind)), "")


def _check_invoice(verified: Verified, line: Mapping[str, Any]) -> None:
    content = line["content"]
    printed, number = str(content.get("invoice_number")), content.get("number")
    start = verified.head["series"]["start_number"]
    if number != start + verified.count:
        verified.find(f"{printed} has the place {number} in the series, where {start + verified.count} was to follow")
    try:
        verified.head_hash = ledger.link(verified.head_hash, content)
    except KeyError as missing:
        verified.find(f"{printed} lacks {missing}")
        return
    if verified.head_hash.hex() != line.get("hash"):
        verified.find(f"{printed} or one before it was changed: its hash is another")
    verified.count += 1
    verified.first, verified.last = verified.first or printed, printed


def _check_end(verified: Verified, audited: Mapping[str, Any] | None) -> None:
    if audited is None:
        verified.find("it holds no audit")
        return
    if (audited.get("count"), audited.get("headHash")) != (verified.count, verified.head_hash.hex()):
        verified.find("its audit was of other invoices than it holds")
    faults = ["gaps", "duplicates", "brokenLinks"]
    for name in [*faults, "lateDates"] if audited.get("chronology") == STRICT else faults:
        if audited.get(name):
            verified.find(f"its audit had found {name}: {audited[name][:MAX_FINDINGS]}")
