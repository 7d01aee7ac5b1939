"""In whose name an automation acts: of whoever wrote it last, with what that caller may do at the moment."""

from sqlalchemy.orm import Session

from db.models import Automation
from domain.automations import actions
from domain.errors import PermanentError
from domain.identity import permissions
from domain.identity.callers import Caller
from domain.jobs.registry import permission_for

REMEDY = "have another key or user save it"


class MayNot(PermanentError):
    """Whoever wrote the automation may not do it any more."""


def require_actions(caller: Caller, automation: Automation) -> None:
    """Raise Forbidden for what a caller, in whose name the automation acts from now on, may not do."""
    for action in automation.actions:
        caller.require(actions.find(action[actions.DO]).permission)


def require(session: Session, organization_id: int, owner: str, permission: str) -> None:
    """Raise MayNot unless `owner` has the permission now."""
    held = permissions.of_actor(session, organization_id, owner)
    if held is None:
        raise MayNot(
            f"what wrote the automation, {owner}, is revoked, expired or disabled, and with it {permission}: {REMEDY}"
        )
    if permission not in held:
        raise MayNot(f"what wrote the automation, {owner}, lacks the permission {permission}: {REMEDY}")


def require_kind(session: Session, organization_id: int, owner: str, kind_name: str) -> None:
    """Raise MayNot if callers may submit jobs of the kind, and `owner` may not now."""
    if permission := permission_for(kind_name):
        require(session, organization_id, owner, permission)
