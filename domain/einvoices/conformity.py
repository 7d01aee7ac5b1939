"""Whether an invoice keeps the rules of EN 16931, asked before it is numbered: no rule can be kept afterwards."""

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import settings
from domain.einvoices import syntax
from domain.einvoices.countries import country_code
from domain.einvoices.semantics import terms
from domain.errors import Away, Invalid, NotYet, Refusal
from domain.jail.process import Crashed, Jail, Process, TooSlow
from domain.pdf.places import Places
from domain.shares import OverShare

PROGRAM = "domain.einvoices.validator"
# What a supplier asks for: nothing, or XML that keeps the rules as they are written for these syntaxes, in this order:
# those for UBL call each rule by its name in the standard.
NONE = "none"
RULES_ASKED = {"facturx": (syntax.UBL, syntax.CII), "ubl": (syntax.UBL,)}
E_INVOICES = (NONE, *RULES_ASKED)
SLOTS, MAX_DRAFTS = 2, 25
# Of the longest that a caller may wait: a machine that is busy with much else validates a large invoice in ten seconds.
PATIENCE = 0.75
COMPILE_S = 60.0
BUSINESS_TERM = re.compile(r"\((B[TG]-[0-9]+)")
REQUIREMENT = re.compile(r"\b(?:shall|must)\b( not\b)?")
LINE = re.compile(r"Line(?:Item)?\[[^]]*\]\[([0-9]+)\]")
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
# A rule that asks for the one asks for the other or it.
INSTEAD = {"BT-32": "BT-31"}
# The terms that this rule is about begin with the code of a country.
PREFIXES = "BR-CO-09"


class Broken(NamedTuple):
    """A rule's id and text, and where the XML breaks it: a path."""

    rule: str
    text: str
    place: str


Validate = Callable[[bytes, str], list[Broken]]


class ValidatorAway(Away):
    """The rules cannot be asked now, whatever the draft is; nothing was numbered."""


class NotValidated(NotYet):
    """The validator gave no answer on these drafts; nothing was numbered."""


def refusals(drafts: Sequence[Mapping[str, Any]]) -> list[Refusal | None]:
    """Say of each draft why it would be no e-invoice; raise ValidatorAway or NotValidated.

    A draft has its `e_invoice`, and as `today` the supplier's own day. They are validated by the official schematron,
    those of one organization in a process of the jail of their own. More than MAX_DRAFTS take too long for one
    transaction: a group of jobs then goes on in smaller ones.
    """
    if len(drafts) > MAX_DRAFTS:
        raise NotValidated(f"more than {MAX_DRAFTS} e-invoices are not validated at once")
    found: dict[int, Refusal | None] = {}
    deadline = _deadline()
    for organization_id in sorted({draft["organization_id"] for draft in drafts}):
        with _process(organization_id, deadline) as validate:
            own = [n for n, draft in enumerate(drafts) if draft["organization_id"] == organization_id]
            found |= {n: _refusal(validate, drafts[n]) for n in own}
    return [found[n] for n in range(len(drafts))]


def broken_rules(xml: bytes, syntax_name: str) -> list[Broken]:
    """Return the id and the text of each rule that the XML breaks; raise ValidatorAway or NotValidated."""
    with _process(0, _deadline()) as validate:
        return validate(xml, syntax_name)


def patience() -> float:
    """Return the seconds that an answer may take: a caller waits for it."""
    return settings.current().http_timeout * PATIENCE


def _deadline() -> float:
    return time.monotonic() + patience()


@contextmanager
def _process(organization_id: int, deadline: float) -> Iterator[Validate]:
    """Give a function that validates in a new process, until `deadline`."""
    try:
        with _validators.places.place(organization_id, max(0.0, deadline - time.monotonic()), patient=True):
            process = _validators.start(deadline)
            try:
                yield lambda xml, syntax_name: _broken(process, xml, syntax_name, deadline)
            finally:
                process.kill()
    except OverShare:
        raise ValidatorAway("all validators of e-invoices are in use; nothing was issued") from None


class _Validators:
    """The jail of this process, and who may use it: an organization has half of the places while another asks."""

    def __init__(self) -> None:
        self.places = Places(SLOTS)
        self._jail = Jail(PROGRAM, syntax.rules)
        self._compiled = threading.Event()
        self._compiler: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self, deadline: float) -> Process:
        """Return a new process; the first compiles the rules, and goes on with that if its caller cannot wait."""
        self._compile()
        if self._compiled.wait(max(0.0, deadline - time.monotonic())):
            with suppress(Crashed, TooSlow):
                return self._jail.start(deadline)
        raise ValidatorAway("the validator of e-invoices is not ready; nothing was issued")

    def abandon(self) -> None:
        """Let go of the parent's jail, in a process that was just forked."""
        self._jail.abandon()

    def _compile(self) -> None:
        with self._lock:
            if not self._compiled.is_set() and not (self._compiler and self._compiler.is_alive()):
                self._compiler = threading.Thread(target=self._start_once, daemon=True)
                self._compiler.start()

    def _start_once(self) -> None:
        with suppress(Crashed, TooSlow):
            self._jail.start(time.monotonic() + COMPILE_S).kill()
            self._compiled.set()


def _broken(process: Process, xml: bytes, syntax_name: str, deadline: float) -> list[Broken]:
    try:
        valid, answer = process.ask(bytes([syntax.SYNTAXES.index(syntax_name)]) + xml, deadline)
    except (Crashed, TooSlow):
        raise NotValidated("the validator of e-invoices does not answer in time; nothing was issued") from None
    if not valid:
        raise NotValidated(f"the validator of e-invoices fails: {answer.decode(errors='replace')}")
    return [Broken(*one) for one in json.loads(answer)]


def _refusal(validate: Validate, draft: Mapping[str, Any]) -> Refusal | None:
    """Validate the draft as the invoice of some number, and of today if it has no date."""
    day = draft["issue_date"] or draft["today"]
    content = {**draft, "invoice_number": "1", "issue_date": day}
    try:
        for asked in RULES_ASKED[draft["e_invoice"]]:
            if broken := validate(syntax.xml(content, asked), asked):
                return _refused(broken, terms(content))
    except Refusal as refused:
        return refused
    return None


def _refused(broken: Sequence[Broken], said: Mapping[str, Any]) -> Invalid:
    errors: dict[str, list[str]] = {}
    for one in broken:
        told = f"breaks rule {one.rule} of EN 16931: {one.text.partition(']-')[2] or one.text}"
        errors.setdefault(_of_line(OF_RULES.get(one.rule) or _field(one, said), one.place), []).append(told)
    return Invalid.fields(errors)


def _field(broken: Broken, said: Mapping[str, Any]) -> str:
    """Return the field of the first business term that breaks the rule, else of the first that can be mended.

    A rule names after its condition what it requires, and the invoice lacks; or what it forbids, and the invoice has.
    """
    _, forbids, required = (*REQUIREMENT.split(broken.text, maxsplit=1), "", "")[:3]
    named = [term for term in BUSINESS_TERM.findall(required) if term in FIELDS]
    anywhere = [term for term in BUSINESS_TERM.findall(broken.text) if term in FIELDS]
    if broken.rule == PREFIXES:
        breaking = [term for term in anywhere if _is_strange(_said(said, term))]
    elif forbids:
        breaking = [term for term in named if _said(said, term)]
    else:
        breaking = [term for term in named if not (_said(said, term) or _said(said, INSTEAD.get(term, term)))]
    return next((FIELDS[term][0] for term in (*breaking, *named, *anywhere)), "items")


def _of_line(field: str, place: str) -> str:
    """Return the field with the number of its line, where the place is one."""
    found = LINE.search(place)
    return field.replace("items.", f"items[{int(found[1]) - 1}].") if found else field


def _is_strange(vat_id: str | None) -> bool:
    return vat_id is not None and country_code(vat_id[:2]) is None


def _said(said: Mapping[str, Any], term: str) -> Any:
    group, _, member = FIELDS[term][1].partition(".")
    value = said.get(group)
    return value.get(member) if member and value else value


_validators = _Validators()


def _forget() -> None:
    global _validators
    _validators.abandon()
    _validators = _Validators()


os.register_at_fork(after_in_child=_forget)
