"""The client that a request means: found by its ids, and refused where the legal name or the tax id says otherwise.

Ids and names are compared in a form that all their spellings share. A tax id is one legal entity's own. A VAT id may
be shared by the companies of a VAT group, which their tax ids tell apart. Contact details never decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.errors import Conflict
from domain.text import comparable_identity, comparable_legal_name


class Keys(NamedTuple):
    tax: str | None
    vat: str | None


def keys(fields: Mapping[str, Any]) -> Keys:
    """Return the tax and VAT id of a party as they are compared; None for one that is absent."""
    return Keys(*(comparable_identity(fields.get(name) or "") or None for name in ("tax_id", "vat_id")))


@dataclass(slots=True, eq=False)
class Candidate:
    """A client as a request or a row names it; `id` is 0 until there is a row."""

    organization_id: int
    fields: Mapping[str, Any]
    keys: Keys
    id: int = 0

    @property
    def legal_name(self) -> str:
        """Return the name as it is compared."""
        return comparable_legal_name(self.fields["name"])

    def __str__(self) -> str:
        named = (("tax id", self.fields.get("tax_id")), ("VAT id", self.fields.get("vat_id")))
        ids = ", ".join(f"{label} {value}" for label, value in named if value)
        return f'"{self.fields["name"]}" ({ids})'


@dataclass(slots=True)
class Contradiction:
    """The ids of a request are those of `known`, but its `field` says that another company is meant."""

    wanted: Candidate
    known: Candidate
    field: str

    def refusal(self) -> Conflict:
        """Return the refusal, which names both companies, and the client's id to send if it is meant."""
        client_id = self.known.id
        return Conflict(
            f"the request names {self.wanted}, but client {client_id} is {self.known}: "
            f'send "client": {{"id": {client_id}}} if it is meant, else correct name, taxId and vatId',
            {f"client.{self.field}": [f"is another than that of client {client_id}"]},
            clientId=client_id,
        )


class Directory:
    """The clients that are known so far, by organization and comparable id."""

    def __init__(self) -> None:
        self._by_tax_id: dict[tuple[int, str], Candidate] = {}
        self._by_vat_id: dict[tuple[int, str], list[Candidate]] = {}

    def add(self, known: Candidate) -> None:
        """Let `known` be found by its ids."""
        if known.keys.tax:
            self._by_tax_id.setdefault((known.organization_id, known.keys.tax), known)
        if known.keys.vat:
            self._by_vat_id.setdefault((known.organization_id, known.keys.vat), []).append(known)

    def match(self, wanted: Candidate) -> Candidate | Contradiction | None:
        """Return the client that `wanted` means, or what contradicts it; None if it is a new one."""
        known = self._by_tax_id.get((wanted.organization_id, wanted.keys.tax or ""))
        if known:
            return known if known.legal_name == wanted.legal_name else Contradiction(wanted, known, "name")
        sharing = self._by_vat_id.get((wanted.organization_id, wanted.keys.vat or ""), [])
        namesakes = [one for one in sharing if one.legal_name == wanted.legal_name]
        if known := next((one for one in namesakes if not (one.keys.tax and wanted.keys.tax)), None):
            return known
        if namesakes:
            return Contradiction(wanted, namesakes[0], "taxId")
        # Another tax id of its own makes it another company of the VAT group.
        known = next((one for one in sharing if not (one.keys.tax and wanted.keys.tax)), None)
        return known and Contradiction(wanted, known, "name")
