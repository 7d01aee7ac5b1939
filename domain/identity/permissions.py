from sqlalchemy.orm import Session

from domain.identity import keys, users
from domain.identity.callers import KEY


def of_actor(session: Session, organization_id: int, actor: str) -> frozenset[str] | None:
    """Return what an actor of the organization, as `key:7`, may do now; None if it may not act any more."""
    kind, _, number = actor.partition(":")
    return (keys if kind == KEY else users).permissions(session, organization_id, int(number))
