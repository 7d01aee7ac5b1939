"""Amounts and dates read as people of the invoice's locale write them, in letters the shipped fonts can draw."""

import re
from copy import copy
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError, dates, numbers, units

from domain.money import decimals
from domain.pdf.fonts import undrawable

ENGLISH = Locale("en")
# Codes of UN/ECE Recommendation 20 for one piece, which nobody writes down, and for what CLDR has names of.
PIECES = {"C62", "EA", "H87", "NAR"}
UNITS = {
    "SEC": "duration-second", "MIN": "duration-minute", "HUR": "duration-hour", "DAY": "duration-day",
    "WEE": "duration-week", "MON": "duration-month", "ANN": "duration-year",
    "MMT": "length-millimeter", "CMT": "length-centimeter", "MTR": "length-meter", "KMT": "length-kilometer",
    "CMK": "area-square-centimeter", "MTK": "area-square-meter", "HAR": "area-hectare",
    "MLT": "volume-milliliter", "LTR": "volume-liter", "MTQ": "volume-cubic-meter",
    "MGM": "mass-milligram", "GRM": "mass-gram", "KGM": "mass-kilogram", "TNE": "mass-tonne",
    "KWH": "energy-kilowatt-hour",
}  # fmt: skip
CODE_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@lru_cache(maxsize=256)
def locale_for(code: str) -> Locale:
    """Return the locale, or English if it is unknown or no font has the letters of its dates and numbers."""
    try:
        locale = Locale.parse(code.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return ENGLISH
    written = [dates.format_date(date(2000, month, 1), "long", locale=locale) for month in range(1, 13)]
    written += [numbers.format_decimal("-1234567.5", locale=locale), numbers.format_percent("0.5", locale=locale)]
    return ENGLISH if undrawable("".join(written)) else locale


class LocalFormat:
    """Formats the values of one invoice."""

    def __init__(self, locale_code: str, currency_code: str) -> None:
        self.locale = locale_for(locale_code)
        self._currency = currency_code

    def money(self, amount: Decimal) -> str:
        """Return the amount with its currency: a total."""
        pattern = self.locale.currency_formats["standard"]
        if undrawable(numbers.get_currency_symbol(self._currency, self.locale)):
            pattern = numbers.parse_pattern(pattern.pattern.replace("¤", "¤¤"))  # the currency's code
        pattern = self._with_decimals(pattern)
        text = pattern.apply(amount, self.locale, currency=self._currency, currency_digits=False)
        return CODE_BESIDE_DIGIT.sub("\xa0", text)

    def amount(self, amount: Decimal) -> str:
        """Return the amount alone, with no digit lost: a unit price may be finer than the currency."""
        pattern = self._with_decimals(self.locale.decimal_formats[None])
        return pattern.apply(amount, self.locale, decimal_quantization=False)

    def _with_decimals(self, pattern: numbers.NumberPattern) -> numbers.NumberPattern:
        """Return the pattern with the currency's own decimals; CLDR's are those of cash, for some currencies none."""
        own = copy(pattern)
        own.frac_prec = (decimals(self._currency),) * 2
        return own

    def quantity(self, quantity: Decimal, unit_code: str | None = None) -> str:
        """Return the quantity with its unit, given by its code of UN/ECE Recommendation 20."""
        number = numbers.format_decimal(quantity, locale=self.locale, decimal_quantization=False)
        if unit_code is None or unit_code in PIECES:
            return number
        unit = self._with_unit(quantity, unit_code)
        readable = number in unit and not undrawable(unit)
        return (unit if readable else f"{number} {unit_code}").replace(" ", "\xa0")

    def _with_unit(self, quantity: Decimal, unit_code: str) -> str:
        if unit_code not in UNITS:
            return ""
        pattern = self.locale.decimal_formats[None].pattern.replace(".###", ".####")
        return units.format_unit(quantity, UNITS[unit_code], "short", format=pattern, locale=self.locale)

    def rate(self, rate: Decimal) -> str:
        return numbers.format_percent(rate, locale=self.locale, decimal_quantization=False)

    def period(self, first: date, last: date) -> str:
        """Return both days, with what they share said once."""
        return dates.format_interval(first, last, "yMMMd", locale=self.locale)

    def date(self, day: date) -> str:
        return dates.format_date(day, "long", locale=self.locale)
