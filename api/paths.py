"""What a path may hold. Anything else is no address of ours: 404."""

import re
from typing import Any

from werkzeug.routing import BaseConverter, ValidationError

from api.fields import LARGEST_ID


class RowId(BaseConverter):
    """The id of a row."""

    regex = "[1-9][0-9]{0,18}"
    documented: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}

    def to_python(self, value: str) -> int:
        if int(value) > LARGEST_ID:
            raise ValidationError
        return int(value)


class InvoiceNumber(BaseConverter):
    """Prefix and digits of an invoice; `generate` is the address that makes one."""

    regex = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,39}"
    documented: dict[str, Any] = {"type": "string", "pattern": f"^{regex}$"}

    def to_python(self, value: str) -> str:
        # `$` of the router also matches before a last line break.
        if value == "generate" or not re.fullmatch(self.regex, value):
            raise ValidationError
        return value
