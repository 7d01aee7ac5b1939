"""What an organization knows beforehand: who it is itself, and whose bills it has had."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from domain.bills.content import Box
from domain.bills.extraction.layout import squeeze

# Of several organizations: each bill is compared with all suppliers that are known.
MAX_REMEMBERED = 8192
NAME = "supplier_name"


class Correction(NamedTuple):
    """What a person's correction teaches about a supplier's bills, so that it reads right the next time.

    `label` is the plain letters at the right value, which lies `right` of it or `below`, or nothing; `box` is where the
    value stood and `page` the page, counted from the end if negative; `shape` is how it was built. `wrong` is the label
    at which another value had been taken. A `constant` is the value itself, of what stays: the supplier's name.
    """

    field: str
    label: str = ""
    where: str = ""
    page: int = 1
    box: Box | None = None
    shape: str = ""
    order: str = ""
    wrong: str = ""
    constant: str | None = None
    negated: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return self._asdict() | {"box": list(self.box) if self.box else None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Correction":
        """Return what `as_json` gave; fields that a later version added have their defaults."""
        known = {name: value for name, value in stored.items() if name in cls._fields}
        return cls(**known | {"box": Box(*known["box"]) if known.get("box") else None})


class KnownSupplier(NamedTuple):
    """A supplier whose bills there were, as approved: `last_numbers` and `ibans` are those of the last ones.

    `corrections` are what `learn` returned, the latest last.
    """

    name: str
    vat_id: str | None = None
    tax_id: str | None = None
    ibans: Sequence[str] = ()
    times_seen: int = 0
    corrections: Sequence[Mapping[str, Any]] = ()
    last_numbers: Sequence[str] = ()
    currency_code: str | None = None

    @property
    def seen(self) -> str:
        """Return in words how often there were bills of it."""
        return "seen once" if self.times_seen == 1 else f"seen {self.times_seen} times"

    @property
    def plain_name(self) -> str:
        """Return the name in plain letters, as pages are compared with it."""
        return _plain_name(self.name)

    @property
    def misread_names(self) -> set[str]:
        """Return what was taken for its name until a person put it right, in plain letters."""
        return {_plain_name(one["wrong"]) for one in self.corrections if one["field"] == NAME and one.get("wrong")}


@lru_cache(MAX_REMEMBERED)
def _plain_name(name: str) -> str:
    return squeeze(name)


class Hints(NamedTuple):
    """What helps to read the bills of an organization: its own names and ids are never the supplier's.

    `own_ids` are its VAT ids and tax ids; `language` is a code of two letters; `currency` is its own.
    """

    own_ids: Sequence[str] = ()
    own_names: Sequence[str] = ()
    own_ibans: Sequence[str] = ()
    language: str | None = None
    currency: str | None = None
    suppliers: Sequence[KnownSupplier] = ()
