"""What all templates may use: words, formats, addresses, and who looks at the page."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from babel import dates, numbers
from flask import Flask, g, request, url_for
from markupsafe import Markup

from console import words
from console.access import CSRF_FIELD, csrf_token
from console.codes import told
from console.forms import once_key
from console.navigation import sections
from console.notices import notice
from console.pages import may_open

STATIC = Path(__file__).with_name("static")
MINUTE, HOUR, DAY = 60, 3600, 86_400


def prepare_templates(app: Flask) -> None:
    """Give the templates of `app` what they use."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {
        "number": number, "money": money, "time": time, "day": day, "ago": ago, "duration": duration,
        "told": told, "said": words.said, "size": size, "exact": exact, "editable": editable, "price": price,
        "percent": percent,
    }  # fmt: skip
    environment.tests["past"] = past
    environment.globals |= {
        "once_key": once_key,
        "asset": asset,
        "csrf": csrf,
        "may_open": may_open,
        "link": link,
        "filled": filled,
    }
    app.context_processor(_context)


def number(value: float | Decimal) -> str:
    """Return a number as people of the language write it."""
    return numbers.format_decimal(value, locale=words.language())


def money(value: Decimal | float, currency: str) -> str:
    """Return an amount with its currency."""
    return numbers.format_currency(value, currency, locale=words.language())


def exact(value: Decimal) -> str:
    """Return a number with all its decimals, and none that is nothing."""
    return numbers.format_decimal(value.normalize(), locale=words.language(), decimal_quantization=False)


def price(value: Decimal) -> str:
    """Return the price of one, which may be a fraction of a cent."""
    return numbers.format_decimal(value, "#,##0.00####", locale=words.language())


def editable(value: Decimal) -> str:
    """Return a number as a field holds it, to be changed."""
    return numbers.format_decimal(
        value.normalize(), locale=words.language(), decimal_quantization=False, group_separator=False
    )


def percent(value: Decimal) -> str:
    """Return a fraction as so many of a hundred."""
    return numbers.format_percent(value.normalize(), locale=words.language(), decimal_quantization=False)


def past(value: date | None) -> bool:
    """Tell whether a day is over (UTC)."""
    return value is not None and value < datetime.now(UTC).date()


def time(value: datetime | None) -> Markup | str:
    """Return a moment as <time>, in UTC; the browser shows it in its own zone."""
    if value is None:
        return "–"
    exact = value.astimezone(UTC)
    shown = dates.format_datetime(exact, "yyyy-MM-dd HH:mm:ss", locale=words.language())
    return Markup('<time datetime="{}">{}</time>').format(exact.isoformat(timespec="milliseconds"), shown)


def day(value: date | None) -> str:
    """Return a day as people of the language write it."""
    return "–" if value is None else dates.format_date(value, "medium", locale=words.language())


def ago(value: datetime | None) -> Markup | str:
    """Return how long ago a moment was, with the moment itself."""
    if value is None:
        return "–"
    told = dates.format_timedelta(value - datetime.now(UTC), add_direction=True, locale=words.language())
    return Markup('<time datetime="{0}" title="{0}" data-ago>{1}</time>').format(
        value.astimezone(UTC).isoformat(timespec="seconds"), told
    )


def duration(seconds: float | timedelta | None) -> str:
    """Return a length of time, exact where it is short: 12 ms, 3.4 s, 5 min 20 s, 3 h 10 min."""
    if seconds is None:
        return "–"
    s = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    if s < 1:
        return f"{number(round(s * 1000))} ms"
    if s < MINUTE:
        return f"{number(round(s, 1))} s"
    if s < HOUR:
        return f"{int(s // MINUTE)} min {int(s % MINUTE)} s"
    if s < 2 * DAY:
        return f"{int(s // HOUR)} h {int(s % HOUR // MINUTE)} min"
    return f"{int(s // DAY)} d {int(s % DAY // HOUR)} h"


def size(count: float) -> str:
    """Return so many bytes in the unit that suits them: 812 B, 4.2 MB."""
    units = iter(("B", "KB", "MB", "GB", "TB"))
    unit = next(units)
    while count >= 1024 and unit != "TB":
        count, unit = count / 1024, next(units)
    return f"{number(round(count, 1))} {unit}"


def asset(name: str) -> str:
    """Return the address of a file of ours, which changes when the file does."""
    return url_for("static", filename=name, v=_version(name))


def csrf() -> Markup:
    """Return the hidden field that each form holds."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, csrf_token())


def link(**changed: Any) -> str:
    """Return this page's address with other parameters; None takes one away."""
    parameters = {**request.args.to_dict(), **changed}
    said = {name: value for name, value in parameters.items() if value not in (None, "")}
    # As text: some names would tell url_for to lead elsewhere.
    return quote(request.script_root + request.path) + ("?" + urlencode(said) if said else "")


def filled(name: str, known: Any = "") -> Any:
    """Return what a field of a form holds: what was sent, if the form is shown again, else what is known."""
    known = "" if known is None else known
    return request.form.get(name, known) if request.method == "POST" else known


def _context() -> dict[str, Any]:
    return {
        "visit": g.get("visit"),
        "refused": g.get("refused"),
        "language": words.language(),
        "languages": words.LANGUAGES,
        "sections": sections() if "visit" in g else [],
        "notice": notice(request.args),
    }


@cache
def _version(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]
