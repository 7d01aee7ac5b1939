"""The settings of this process, as whoever may look at the installation sees them: no secret among them."""

from collections.abc import Iterator
from dataclasses import Field, fields
from typing import NamedTuple
from urllib.parse import urlsplit

import settings
from settings import Settings, variable


class Effective(NamedTuple):
    """A variable and the value that holds; of a secret only whether there is one, of a URL nothing before the host."""

    name: str
    value: str
    is_secret: bool
    is_default: bool


def effective() -> Iterator[Effective]:
    """Yield each setting of this process, in the order of docs/settings.md."""
    for one in fields(Settings):
        given = getattr(settings.current(), one.name)
        secret = _is_secret(one)
        yield Effective(variable(one.name), "" if secret else _without_user(str(given)), secret, given == one.default)


def _is_secret(one: "Field[object]") -> bool:
    """Tell whether a setting must not be shown: it is kept out of what Python prints as well."""
    return not one.repr


def _without_user(text: str) -> str:
    if "://" not in text or not urlsplit(text).netloc.rpartition("@")[0]:
        return text
    return text.replace(f"{urlsplit(text).netloc.rpartition('@')[0]}@", "", 1)
