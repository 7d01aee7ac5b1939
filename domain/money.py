"""Currencies: which there are, and how many decimals their amounts have."""

from decimal import Decimal
from functools import cache

from babel.core import get_global

from domain.errors import Invalid, say

# ISO 4217 minor units that are not 2. CLDR's digits are those of cash: 12.34 RSD would become 12.
DECIMALS = dict.fromkeys(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0
)
DECIMALS |= dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)


@cache
def smallest_unit(currency_code: str) -> Decimal:
    """Return the currency's smallest unit (0.01 for EUR, 1 for JPY, 0.001 for KWD); raise Invalid."""
    if currency_code not in _current_currencies():
        raise Invalid.sentence(say("invalid currency_code: %(code)s", code=currency_code), "currencyCode")
    return unit_of(currency_code)


def unit_of(currency_code: str) -> Decimal:
    """Return the smallest unit of the currency of something that is stored: it may have ended since."""
    return Decimal(1).scaleb(-decimals(currency_code))


def decimals(currency_code: str) -> int:
    """Return how many decimals amounts of the currency have, by ISO 4217."""
    return DECIMALS.get(currency_code, 2)


@cache
def _current_currencies() -> frozenset[str]:
    """Return the codes that are legal tender somewhere today, as CLDR has them."""
    used = (use for uses in get_global("territory_currencies").values() for use in uses)
    return frozenset(code for code, _, end, is_tender in used if is_tender and end is None)
