"""Forms: what they hold is looked at as the operation looks at it that does the same, and each does its work once."""

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from babel import numbers
from flask import g, request
from markupsafe import Markup
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from api.http import exact_json, idempotency
from api.http.problems import Refused, flat
from api.http.schema import Body
from console import words
from console.access import CSRF_FIELD
from console.pages import field
from console.words import gettext as _
from domain.errors import Conflict, Invalid, say

KEY_FIELD = "key"
UNSAID = (CSRF_FIELD, KEY_FIELD, "password")


def once_key() -> Markup:
    """Return the hidden field by which a form that is sent twice does its work once."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(KEY_FIELD, f"form-{secrets.token_urlsafe(16)}")


def once(work: Callable[[Session], dict[str, Any]]) -> dict[str, Any]:
    """Return what `work` returns, JSON values, or what it returned when this form was sent before.

    The form at /clients/new makes something with an `id`, which is logged as /clients/<id>.
    """
    # Not by their names, of which some mean something in the body of an operation.
    g.body = {"form": {name: values for name, values in request.form.lists() if name not in UNSAID}}
    key = request.form.get(KEY_FIELD) or secrets.token_urlsafe(16)
    try:
        answer = idempotency.once(lambda session: _answer(work(session)), key=key)
    except Refused as refused:
        if refused.code == 409:
            raise Conflict(_("This form is being sent already: look in a moment what came of it.")) from None
        raise Conflict(_("This form was sent before with something else in it; this one was not taken yet.")) from None
    body: dict[str, Any] = answer.body
    return body


def _answer(done: dict[str, Any]) -> idempotency.Answer:
    place, is_new = request.path.rpartition("/new")[:2]
    return idempotency.Answer(200, done, target=f"{place}/{done['id']}" if is_new else None)


def loaded(schema: Body, fields: Mapping[str, Any], *marked: str) -> dict[str, Any]:
    """Return the fields as the schema has them; raise Invalid, which has the errors of each.

    `marked` are those that the page marks beside the ones that it has by name.
    """
    try:
        values: dict[str, Any] = schema.load(fields)
        return values
    except ValidationError as error:
        errors = dict(flat(error.messages))
    if all(name in marked or _is_shown(name) for name in errors):
        raise Invalid(_("Something is not right yet: it is marked below."), errors)
    raise Invalid.fields(errors)


def _is_shown(field: str) -> bool:
    """Tell whether the form has the field: items[0].quantity is one of several of that name."""
    return field in request.form or field.rpartition(".")[2].partition("[")[0] in request.form


def filled_in(*names: str) -> dict[str, str]:
    """Return those fields of the form that hold something."""
    return {name: text for name in names if (text := request.form.get(name, "").strip())}


def decimal(text: str) -> str:
    """Return a number as operations take it, of how people of the language write it; what is none stays as it is."""
    try:
        return str(numbers.parse_decimal(text.strip(), words.language(), strict=True))
    except numbers.NumberFormatError:
        return text.strip()


def fraction(percent: str) -> str:
    """Return 0.2 for 20; what is no number stays as it is."""
    try:
        return f"{Decimal(decimal(percent)) / 100:f}"
    except InvalidOperation:
        return percent


def integer(text: str) -> int | str:
    """Return a whole number of text that is one; else the text."""
    return int(text) if text.isdecimal() and len(text) < 19 else text


def texts(*names: str) -> dict[str, str]:
    """Return fields of the form, by their names."""
    return {name: field(name) for name in names}


def whole(name: str, most: int) -> int | None:
    """Return the number of a field, from 1 to `most`; None if it is empty. Raise Invalid."""
    given = field(name).replace(" ", "")
    if not given:
        return None
    if not given.isdecimal() or not 1 <= int(given[:20]) <= most:
        raise Invalid.fields({name: [say("must be a whole number from 1 to %(most)s", most=f"{most:,}")]})
    return int(given)


def digits(name: str) -> int | str | None:
    """Return a whole number; what is none, for the schema to refuse; None for an empty field."""
    given = field(name)
    return integer(given) if given else None


def lines(name: str) -> list[str]:
    """Return the lines of a field, without those that are blank."""
    return [line.strip() for line in request.form.get(name, "").splitlines() if line.strip()]


def parsed(name: str) -> Any:
    """Return what a field says in JSON; raise Invalid."""
    return read_json(request.form.get(name, ""), name)


def read_json(text: str, name: str) -> Any:
    """Return what JSON says, its numbers exact; raise Invalid, which names the field."""
    try:
        return exact_json.loads(text.encode())
    except exact_json.MalformedJson as error:
        raise Invalid.fields({name: [f"is no JSON: {error}"]}) from None


def chosen(name: str, known: Any) -> Any:
    """Return which of several boxes are ticked: as they were sent, if that was refused, else as is known."""
    return request.form.getlist(name) if "refused" in g else known


def chosen_id(name: str) -> int | None:
    """Return the id that the address names, None for none."""
    number = integer(request.args.get(name, ""))
    return number if isinstance(number, int) and number else None


def chosen_day(name: str) -> date | None:
    """Return the day that the address names, None for none."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def moment(given: str) -> datetime | None:
    """Return the time that a field of type datetime-local says, in UTC; None if it says none."""
    try:
        return datetime.fromisoformat(given).replace(tzinfo=UTC)
    except ValueError:
        return None
