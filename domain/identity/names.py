"""What people call those who act: rows say `key:7` and `user:7`."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import ApiKey, User
from domain.identity.callers import KEY, USER


def names(session: Session, organization_id: int, actors: Iterable[str | None]) -> dict[str, str]:
    """Return the names of those of an organization's keys and users; of others, such as an operator, there is none."""
    wanted: dict[str, list[int]] = {KEY: [], USER: []}
    for actor in actors:
        sort, _, number = (actor or "").partition(":")
        if sort in wanted and number.isdecimal():
            wanted[sort].append(int(number))
    found: dict[str, str] = {}
    for sort, model in ((KEY, ApiKey), (USER, User)):
        if wanted[sort]:
            own = select(model.id, model.name).where(model.organization_id == organization_id)
            found |= {f"{sort}:{id}": name for id, name in session.execute(own.where(model.id.in_(wanted[sort])))}
    return found
