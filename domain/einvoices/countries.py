"""The country of an address, which parties write as they like, as the code that an e-invoice needs."""

from functools import cache

from babel import Locale, localedata

# What people write for a code that ISO 3166-1 calls otherwise.
ALIASES = {"UK": "GB", "EL": "GR", "USA": "US"}


def country_code(country: str) -> str | None:
    """Return the ISO 3166-1 code of a country that is written as a code, or as its name in any language of CLDR."""
    written = country.strip()
    code = ALIASES.get(written.upper(), written.upper())
    return code if code in _codes() else _names().get(written.casefold())


@cache
def _codes() -> frozenset[str]:
    known = map(str, Locale("en").territories)
    return frozenset(code for code in known if len(code) == 2 and code.isalpha() and code != "ZZ")


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for identifier in sorted(localedata.locale_identifiers(), key=len):
        if "_" not in identifier:
            for code, name in Locale(identifier).territories.items():
                if code in _codes():
                    names.setdefault(name.casefold(), code)
    return names
