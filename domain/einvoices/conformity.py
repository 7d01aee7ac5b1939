"""Whether an invoice keeps the rules of EN 16931, asked before it is numbered: no rule can be kept afterwards."""

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from domain.einvoices import syntax
from domain.einvoices.semantics import terms
from domain.errors import Invalid, NotYet, Refusal
from domain.jail.process import Crashed, Jail, Process, TooSlow

PROGRAM = "domain.einvoices.validator"
# What a supplier asks for: nothing, or XML that keeps the rules as they are written for these syntaxes, in this order:
# those for UBL call each rule by its name in the standard.
NONE = "none"
SYNTAXES = {"facturx": (syntax.UBL, syntax.CII), "ubl": (syntax.UBL,)}
KINDS = (NONE, *SYNTAXES)
# The first process compiles the rules, which takes seconds; then a document takes milliseconds.
START_S, DOCUMENT_S = 30.0, 10.0
SLOTS = 2
BUSINESS_TERM = re.compile(r"\((B[TG]-[0-9]+)")
REQUIREMENT = re.compile(r"\b(shall|must)\b")
# By business term: the field by which a caller can mend it, and where the term stands among those of the invoice.
FIELDS = {
    "BT-9": ("dueDate", "BT-9"),
    "BT-20": ("paymentTerms", "BT-20"),
    "BT-31": ("supplier.vatId", "BG-4.vat_identifier"),
    "BT-32": ("supplier.taxId", "BG-4.tax_identifier"),
    "BT-48": ("client.vatId", "BG-7.vat_identifier"),
    "BT-72": ("deliveryDate", "BT-72"),
    "BT-84": ("supplier.iban", "BT-84"),
    "BT-10": ("buyerReference", "BT-10"),
    "BT-130": ("items.unitCode", "BG-25"),
    "BT-151": ("items.taxCategory", "BG-25"),
    "BT-118": ("items.taxCategory", "BG-23"),
    "BT-120": ("items.exemptionReason", "BG-23"),
}

# Of rules that name no term.
OF_RULES = {"BR-CL-23": "items.unitCode"}


class ValidatorUnavailable(NotYet):
    """The rules cannot be asked now; nothing was numbered, and a later attempt can do it."""


def refusals(drafts: Sequence[Mapping[str, Any]]) -> list[Refusal | None]:
    """Say of each draft, which has its `e_invoice`, why it would be no e-invoice; raise ValidatorUnavailable.

    They are validated by the official schematron, all in one process of the jail.
    """
    with _process() as process:
        return [_refusal(process, draft) for draft in drafts]


def broken_rules(xml: bytes, syntax_of_it: str) -> list[tuple[str, str]]:
    """Return the id and the text of each rule that the XML breaks; raise ValidatorUnavailable."""
    with _process() as process:
        return _broken(process, _request(xml, syntax_of_it))


@contextmanager
def _process() -> Iterator[Process]:
    if not _free.acquire(timeout=START_S):
        raise ValidatorUnavailable("all validators of e-invoices are in use; nothing was issued")
    try:
        process = _jail.start(time.monotonic() + START_S)
        try:
            yield process
        finally:
            process.kill()
    except (Crashed, TooSlow):
        raise ValidatorUnavailable("the validator of e-invoices does not answer; nothing was issued") from None
    finally:
        _free.release()


def _refusal(process: Process, draft: Mapping[str, Any]) -> Refusal | None:
    """Validate the draft as the invoice of some number, and of today if it has no date."""
    day = draft["issue_date"] or datetime.now(UTC).date().isoformat()
    content = {**draft, "invoice_number": "1", "issue_date": day}
    try:
        for asked in SYNTAXES[draft["e_invoice"]]:
            if broken := _broken(process, _request(syntax.xml(content, asked), asked)):
                return _refused(broken, terms(content))
    except Refusal as refused:
        return refused
    return None


def _refused(broken: Sequence[tuple[str, str]], said: Mapping[str, Any]) -> Invalid:
    errors: dict[str, list[str]] = {}
    for rule, text in broken:
        told = f"breaks rule {rule} of EN 16931: {text.partition(']-')[2] or text}"
        errors.setdefault(OF_RULES.get(rule) or _field(text, said), []).append(told)
    return Invalid.fields(errors)


def _request(xml: bytes, syntax_of_it: str) -> bytes:
    return bytes([syntax.SYNTAXES.index(syntax_of_it)]) + xml


def _broken(process: Process, document: bytes) -> list[tuple[str, str]]:
    valid, answer = process.ask(document, time.monotonic() + DOCUMENT_S)
    if not valid:
        raise ValidatorUnavailable(f"the validator of e-invoices fails: {answer.decode(errors='replace')}")
    return [(rule, text) for rule, text in json.loads(answer)]


def _field(text: str, said: Mapping[str, Any]) -> str:
    """Return the field of the first business term that the rule requires and the invoice does not say.

    A rule names what it requires after its condition. If nothing is lacking, the first one that can be mended is meant.
    """
    _, _, required = REQUIREMENT.sub("\0", text, count=1).partition("\0")
    named = [term for term in (*BUSINESS_TERM.findall(required), *BUSINESS_TERM.findall(text)) if term in FIELDS]
    lacking = [term for term in named if not _value(said, FIELDS[term][1])]
    return next((FIELDS[term][0] for term in (*lacking, *named)), "items")


def _value(said: Mapping[str, Any], place: str) -> Any:
    group, _, member = place.partition(".")
    value = said.get(group)
    return value.get(member) if member and value else value


_jail = Jail(PROGRAM, syntax.rules)
_free = threading.Semaphore(SLOTS)


def _forget() -> None:
    global _free
    _jail.abandon()
    _free = threading.Semaphore(SLOTS)


os.register_at_fork(after_in_child=_forget)
