"""Field types that take a value as it is or refuse it; what they take is what the OpenAPI spec says."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from marshmallow import ValidationError, fields

from domain import text
from domain.errors import MAX_ERRORS, say

# Below 2**63, and every number of so many digits is one.
LARGEST_ID = 10**18 - 1
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
DIGITS = re.compile(r"-?[0-9]{1,19}")
DECIMAL_TEXT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
NEGATIVE_TEXT = re.compile(r"-[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
MAX_DIGITS = 30
# What XML 1.0 has no place for, in an e-invoice for example, nor PostgreSQL.
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff"
UNWRITABLE = re.compile(f"[{CONTROLS}\ud800-\udfff]")
# So many characters at the most become one in NFC.
MAX_COMPOSED = 4
ANY_TEXT, TEXT = rf"^[^{CONTROLS}]*$", rf"^[^{CONTROLS}]*[^\s{text.INVISIBLE_RANGES}][^{CONTROLS}]*$"
BROKEN = rf"{CONTROLS}\t\n\r\x7f-\x9f\u2028\u2029"
ONE_LINE = rf"^[^{BROKEN}]*[^\s{text.INVISIBLE_RANGES}][^{BROKEN}]*$"
FIRST_DAY = date(1900, 1, 1)


class Spoken(str):
    """A message that names its field itself."""

    __slots__ = ()


def documented(options: dict[str, Any], **shape: Any) -> dict[str, Any]:
    """Return what the spec says of a field: its shape, and the `description` among its options."""
    return shape | {name: options.pop(name) for name in ("description",) if name in options}


class Text(fields.Field[str | None]):
    """Text of bounded length in NFC that PostgreSQL can store, without white space around it; a blank one is absent.

    Where it does not match `pattern` the caller is told what it must be: `meant`, which follows "must".
    """

    def __init__(
        self,
        longest: int,
        *,
        shortest: int = 1,
        pattern: str = "",
        blank: str | None = None,
        meant: str = "",
        check: Callable[[str], None] | None = None,
        **options: Any,
    ):
        needed = options.get("required", False)
        shape = pattern or (TEXT if needed else ANY_TEXT)
        shape = shape if needed or not pattern else f"^({pattern[1:-1]})?$"
        told = documented(options, type="string", maxLength=longest, pattern=shape)
        least = {"minLength": shortest} if needed else {}
        super().__init__(allow_none=not needed, metadata=told | least, **options)
        self._longest, self._shortest, self._blank = longest, shortest, blank
        self._check, self._pattern, self._meant = check, pattern, meant or f"match {pattern}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, str):
            raise ValidationError("must be text")
        if len(value) > MAX_COMPOSED * self._longest:
            raise ValidationError(say("must not be longer than %(most)s characters", most=self._longest))
        try:
            value = text.stored(value)
        except text.Unbounded as refused:
            raise ValidationError(str(refused)) from None
        if len(value) > self._longest:
            raise ValidationError(say("must not be longer than %(most)s characters", most=self._longest))
        if UNWRITABLE.search(value):
            raise ValidationError("must not contain control characters or half a surrogate pair")
        if not self._pattern:
            value = "" if text.is_blank(value) else value.strip()
        return self._checked(value)

    def _checked(self, value: str) -> str | None:
        if not value and not self.required:
            return self._blank
        if len(value) < self._shortest:
            if self._shortest == 1:
                raise ValidationError("must have something that can be seen")
            raise ValidationError(say("must have at least %(least)s characters that can be seen", least=self._shortest))
        if self._pattern and not re.fullmatch(self._pattern, value):
            raise ValidationError(f"must {self._meant}")
        if self._check:
            self._check(value)
        return value


class Amount(fields.Field[Decimal]):
    """A number or its text, from `smallest` to so many digits, rounded half up to the decimals that are kept."""

    def __init__(self, digits: int, places: int, smallest: str = "0", **options: Any):
        self._unit = Decimal(1).scaleb(-places)
        self._smallest, self._largest = Decimal(smallest), Decimal(10**digits) - self._unit
        not_nothing = rf"(?!0*(\.0*)?$)(?!0*\.0{{{places}}}[0-9]*$)" if self._smallest else ""
        more = MAX_DIGITS - digits
        digits_text = {"type": "string", "pattern": rf"^{not_nothing}[0-9]{{1,{digits}}}(\.[0-9]{{1,{more}}})?$"}
        number = {"type": "number", "minimum": float(smallest), "maximum": 10**digits - 1}
        nullable = [] if options.get("required") else [{"type": "null"}]
        told = documented(options, anyOf=[number, digits_text, *nullable])
        told["description"] = " ".join([*filter(None, [told.get("description")]), f"Rounded to {places} decimals."])
        super().__init__(allow_none=bool(nullable), metadata=told, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        number = self._number(value)
        if not number.is_finite() or not self._smallest <= number <= self._largest:
            raise ValidationError(
                say("must be a number from %(least)s to %(most)s", least=self._smallest, most=self._largest)
            )
        if len(number.as_tuple().digits) > MAX_DIGITS:
            raise ValidationError(f"must not have more than {MAX_DIGITS} digits")
        return number.quantize(self._unit, ROUND_HALF_UP)

    def _number(self, value: Any) -> Decimal:
        if isinstance(value, str) and NEGATIVE_TEXT.fullmatch(value):
            raise ValidationError(say("must not be below %(least)s", least=self._smallest))
        if isinstance(value, str) and not DECIMAL_TEXT.fullmatch(value):
            raise ValidationError("must be a number such as 12.50")
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise ValidationError("must be a number")
        return Decimal(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Decimal | None:
        return value


class SignedAmount(Amount):
    """An amount that may be below zero, as that of a credit note is."""

    def __init__(self, digits: int, places: int, **options: Any):
        super().__init__(digits, places, **options)
        self._smallest = -self._largest
        number, digits_text, *_ = self.metadata["anyOf"]
        number["minimum"] = -number["maximum"]
        digits_text["pattern"] = f"^-?{digits_text['pattern'][1:]}"

    def _number(self, value: Any) -> Decimal:
        if isinstance(value, str) and NEGATIVE_TEXT.fullmatch(value):
            return -super()._number(value[1:])
        return super()._number(value)


class Rate(Amount):
    """A tax rate as a fraction with four decimals; 20 for 20 % is refused."""

    def __init__(self, **options: Any):
        super().__init__(1, 4, **options)
        self._largest = Decimal(1)
        number, digits_text, *_ = self.metadata["anyOf"]
        number["maximum"], digits_text["pattern"] = 1, r"^(0(\.[0-9]{1,29})?|1(\.0{1,29})?)$"


class Whole(fields.Field[int]):
    """A whole number within bounds; in a query it comes as digits."""

    def __init__(self, smallest: int = 1, largest: int = LARGEST_ID, *, query: bool = False, **options: Any):
        told = documented(options, type="integer", minimum=smallest, maximum=largest)
        super().__init__(metadata=told, **options)
        self._smallest, self._largest, self._query = smallest, largest, query

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if self._query and DIGITS.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != value:
            raise ValidationError("must be a whole number")
        if not self._smallest <= value <= self._largest:
            raise ValidationError(say("must be from %(least)s to %(most)s", least=self._smallest, most=self._largest))
        # JSON has one type of number: 1.0 is the whole number 1.
        if value != int(value):
            raise ValidationError("must be a whole number")
        return int(value)


class Many(fields.List):
    """A list of `least` to `most` elements: its length is looked at first, and no element once enough are wrong."""

    def __init__(self, inner: fields.Field | type[fields.Field], least: int, most: int, **options: Any):
        told = documented(options, minItems=least, maxItems=most)
        super().__init__(inner, metadata=told, **options)
        self._least, self._most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationError("must be a list")
        if not self._least <= len(value) <= self._most:
            raise ValidationError(say("must hold %(least)s to %(most)s elements", least=self._least, most=self._most))
        loaded: list[Any] = []
        errors: dict[Any, Any] = {}
        wrong = 0
        for index, element in enumerate(value):
            if wrong >= MAX_ERRORS:
                left = len(value) - index
                errors = {"_schema": [f"has {left} more elements, which were not looked at"]} | errors
                break
            try:
                loaded.append(self.inner.deserialize(element, **kwargs))
            except ValidationError as error:
                errors[index] = error.messages
                wrong += len(error.messages)
        if errors:
            raise ValidationError(errors, valid_data=loaded)
        return loaded


class Day(fields.Field[date]):
    """A calendar day as YYYY-MM-DD."""

    def __init__(self, **options: Any):
        super().__init__(metadata=documented(options, type="string", format="date"), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            if isinstance(value, str) and DAY.fullmatch(value):
                day = date.fromisoformat(value)
                if day < FIRST_DAY:
                    raise ValidationError(say("must not be before %(day)s", day=FIRST_DAY))
                return day
        except ValueError:
            pass
        raise ValidationError("must be a day such as 2026-01-31")

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value.isoformat() if value else None


class Instant(fields.Field[datetime]):
    """A point in time: taken as RFC 3339 has it, with its offset; shown in UTC."""

    def __init__(self, **options: Any):
        super().__init__(metadata=documented(options, type="string", format="date-time"), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            if isinstance(value, str) and MOMENT.fullmatch(value):
                return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError("must be a time such as 2026-01-31T12:00:00Z")

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


class Flag(fields.Field[bool]):
    """true or false; in a query it comes as text."""

    def __init__(self, *, query: bool = False, **options: Any):
        super().__init__(metadata=documented(options, type="boolean"), **options)
        self._words: dict[Any, bool] = {"true": True, "false": False} if query else {}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, str) and value in self._words:
            return self._words[value]
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class Identifier(fields.UUID):
    """The id of something that has no number."""

    default_error_messages = {"invalid_uuid": "must be an id such as 7d9c4e0a-52b1-4c8f-9a3e-1f6b2d8c5e70"}

    def __init__(self, **options: Any):
        super().__init__(metadata=documented(options), **options)


class Object(fields.Dict):
    """An object that is looked into elsewhere."""

    default_error_messages = {"invalid": "must be an object"}

    def __init__(self, **options: Any):
        super().__init__(metadata=documented(options), **options)


class Choice(fields.Field[str]):
    """One of a few words."""

    def __init__(self, *words: str, refusal: str = "", **options: Any):
        super().__init__(metadata=documented(options, type="string", enum=list(words)), **options)
        self._words, self._refusal = words, refusal

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, str) and value in self._words:
            return value
        if self._refusal:
            raise ValidationError(Spoken(f"{self._refusal}: {value}"))
        raise ValidationError(say("must be one of: %(words)s", words=", ".join(self._words)))
