"""A number series: how it prints a number, and on which day it lets an invoice be dated."""

from collections.abc import Mapping
from datetime import date
from itertools import combinations
from typing import Any

from domain.errors import Conflict, Invalid, say
from domain.invoices.request import CREDIT_SERIES, InvoiceRequest

NEVER, YEARLY = "never", "yearly"
STRICT, WARN = "strict", "warn"
RESTARTS, CHRONOLOGIES = (NEVER, YEARLY), (STRICT, WARN)
YEARS = ("{YYYY}", "{YY}")
ANY_DIGIT = "#"
MAX_SERIES = 100
# A year later would close the current one, and {YY} is the same again after a century.
MAX_YEARS_BACK = 50


def printed(series: Any, number: int, day: date) -> str:
    """Return how an invoice of `day` shows its number, which counts on from the first of its year if so told."""
    pattern = series.pattern
    if "{" in pattern:
        for token, value in {
            "{YYYY}": f"{day.year:04}",
            "{YY}": f"{day.year % 100:02}",
            "{MM}": f"{day.month:02}",
        }.items():
            pattern = pattern.replace(token, value)
    return f"{pattern}{number - series.year_base:0{series.digits}d}"


def could_print_the_same(one: str, other: str) -> bool:
    """Return whether two patterns could print the same number: up to where the digits of the number begin they agree.

    {YYYY}, {YY} and {MM} agree with any digits.
    """
    heads = _head(one), _head(other)
    return len(heads[0]) == len(heads[1]) and all(map(_agree, *heads))


def _head(pattern: str) -> str:
    """Return the pattern up to its last character that is no digit, ANY_DIGIT for each of a token."""
    for token in ("{YYYY}", "{YY}", "{MM}"):
        pattern = pattern.replace(token, ANY_DIGIT * (len(token) - 2))
    return pattern.upper().rstrip(f"0123456789{ANY_DIGIT}")


def _agree(one: str, other: str) -> bool:
    return one == other or (ANY_DIGIT in (one, other) and (one + other).replace(ANY_DIGIT, "0").isdigit())


def required(request: InvoiceRequest, supplier: Any | None) -> Any:
    """Return the row that was found of the supplier and its series; raise Invalid if there is none as asked for."""
    if supplier is None or supplier.organization_id != request.organization_id:
        raise Invalid.sentence("supplier not found", "supplierId")
    if request.series_code == CREDIT_SERIES:
        raise Invalid.sentence(f"series {CREDIT_SERIES} is for credit notes: credit an invoice instead", "seriesCode")
    if supplier.chronology is None:
        raise Invalid.sentence(say("the supplier has no series %(code)s", code=request.series_code), "seriesCode")
    return supplier


def check_dates(request: InvoiceRequest, series: Any) -> None:
    """Raise Invalid or Conflict if the invoice is due before its date, or its series does not allow that date.

    `series` has the rules `restart` and `chronology`, the `last_date` of an invoice, and the supplier's `today`.
    """
    issued, due = request.issue_date, request.due_date
    if due and due < (issued or series.today):
        told = "issue_date" if issued else f"today, {series.today}, when it is issued"
        raise Invalid.sentence(say("due_date must not be before %(day)s", day=told), "dueDate")
    check_day(series, issued)


def check_day(series: Any, day: date | None) -> None:
    """Raise Invalid or Conflict if the series does not allow that `day` is asked for now."""
    if day is None:
        return
    last = series.today.year
    if series.restart == YEARLY and not last - MAX_YEARS_BACK <= day.year <= last:
        told = f"issue_date must be from {last - MAX_YEARS_BACK} to {last} in a series that restarts yearly"
        raise Invalid.sentence(told, "issueDate")
    if series.chronology != STRICT:
        return
    if day > series.today:
        raise Invalid.sentence(say("issue_date must not be after today, %(today)s", today=series.today), "issueDate")
    check_order(series, day)


def check_order(series: Any, day: date) -> None:
    """Raise Conflict if the last invoice of a strict series is dated after `day`."""
    if series.chronology == STRICT and series.last_date and day < series.last_date:
        told = f"issue_date must not be before {series.last_date}, the date of the last invoice in its series"
        raise Conflict(told, {"issueDate": [told]}, lastDate=series.last_date.isoformat())


def check_definitions(series: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise Invalid if two series of a supplier, by code, could print one number, or one prints it twice by itself."""
    if len(series) > MAX_SERIES:
        raise Invalid.sentence(say("a supplier may have %(most)s series", most=MAX_SERIES), "series")
    for code, one in series.items():
        if one["restart"] == YEARLY and not any(year in one["pattern"] for year in YEARS):
            raise Invalid.sentence(f"series {code} restarts yearly, so its pattern needs {{YYYY}} or {{YY}}", "series")
    for (code, one), (other, another) in combinations(series.items(), 2):
        if could_print_the_same(one["pattern"], another["pattern"]):
            raise Invalid.sentence(f"series {code} and {other} could print the same number: change a pattern", "series")
