"""Types of events as operations and forms name them."""

from typing import Any

from marshmallow import ValidationError

from api.http.fields import Text
from domain.events.types import ALIASES, ALL, FAMILIES, TYPES, is_known

LONGEST = 60
EVENT_TYPES = "A type, a family such as `invoice.*`, or `*` for all. " + " ".join(
    f"`{name}`: {told}" for name, told in TYPES.items()
)


class EventType(Text):
    """A type of event, a family of them, or all."""

    def __init__(self, **options: Any):
        super().__init__(LONGEST, **options)
        self.metadata = {**self.metadata, "enum": [ALL, *FAMILIES, *TYPES, *ALIASES]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        name = super()._deserialize(value, attr, data, **kwargs)
        name = ALIASES.get(name or "", name)
        if name is not None and not is_known(name):
            raise ValidationError(f"must be one of: {', '.join((ALL, *FAMILIES, *TYPES))}")
        return name
