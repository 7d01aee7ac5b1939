"""Who calls: the holder of a key, or a user in a browser, and what it may do."""

from datetime import datetime
from typing import NamedTuple

from domain.errors import Forbidden
from domain.identity import roles

KEY, USER = "key", "user"


class Caller(NamedTuple):
    """Whoever holds a key, or has logged in. `actor` is `key:7` or `user:7`, as rows have it.

    `name` is what people call it.

    `max_requests_per_second` is the organization's own quota, None for that of all; `expires_at` is when the
    key opens nothing any more, None if that is never.
    """

    actor: str
    name: str
    organization_id: int
    permissions: frozenset[str]
    max_requests_per_second: int | None = None
    expires_at: datetime | None = None

    @property
    def is_operator(self) -> bool:
        """Tell whether it sees to what concerns all organizations."""
        return "installation:manage" in self.permissions

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise Forbidden unless it has the permission."""
        if not self.may(permission):
            raise Forbidden(roles.lacking(permission), permission=permission)

    def require_all(self, permissions: frozenset[str]) -> None:
        """Raise Forbidden unless it has all of them, as nobody gives to others what they may not do themselves."""
        for permission in sorted(permissions - self.permissions):
            self.require(permission)
