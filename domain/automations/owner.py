"""In whose name an automation acts: of whoever's key wrote it last, with what that may do at the moment."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import ApiKey
from domain.errors import PermanentError


class Revoked(PermanentError):
    """The key that wrote the automation opens nothing any more."""


def require(session: Session, organization_id: int, key_id: int, permission: str) -> None:
    """Raise Revoked unless the key may do now what takes `permission`."""
    live = select(ApiKey.id).where(
        ApiKey.id == key_id, ApiKey.organization_id == organization_id, ApiKey.revoked_at.is_(None)
    )
    if session.scalar(live) is None:
        raise Revoked(
            f"the key that wrote the automation is revoked, and with it {permission}: save it with another key"
        )
