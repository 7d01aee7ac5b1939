"""Whether the secrets that this process was given can be guessed. No finding repeats one."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import Session

import settings
from db.engine import address
from domain.doctor.findings import Finding, ok, warning, wrong
from settings import variable

MIN_LENGTH, MIN_CHARACTERS = 12, 6


def secrets(_: Session) -> Finding:
    """Whether each is long enough, has enough different characters, and opens one thing only."""
    given = list(_given())
    better = "Put another one there, for example that of `openssl rand -hex 24`."
    if weak := sorted({name for name, secret in given if _is_weak(secret)}):
        return wrong(f"too easy to guess: that of {', '.join(weak)}", better)
    if same := sorted({name for name, secret in given if [one for _, one in given].count(secret) > 1}):
        return warning(f"the same secret in {', '.join(same)}", better)
    return ok(f"{len(given)} looked at: long, and each another one")


def _is_weak(secret: str) -> bool:
    return len(secret) < MIN_LENGTH or len(set(secret)) < MIN_CHARACTERS


def _given() -> Iterator[tuple[str, str]]:
    """Yield each secret with the variable that holds it."""
    now = settings.current()
    for name in ("database_url", "database_owner_url"):
        if getattr(now, name) and (password := address(getattr(now, name)).get("password")):
            yield variable(name), str(password)
    if password := urlsplit(now.broker_url).password:
        yield variable("broker_url"), unquote(password)
    if password := urlsplit(now.smtp_url).password:
        yield variable("smtp_url"), unquote(password)
    if now.cron_secret:
        yield variable("cron_secret"), now.cron_secret
    for key in filter(None, now.master_keys.split(",")):
        yield variable("master_keys"), key
    for user in filter(None, now.flower_basic_auth.split(",")):
        yield variable("flower_basic_auth"), user.partition(":")[2]
