"""What only the broker itself can tell, by INFO: it keeps no secret."""

from collections.abc import Mapping
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

import settings
from domain.doctor.findings import Finding, Verdict, ok, unknown, warning, wrong

MEGABYTE = 1024**2


def memory() -> Finding:
    """Whether a broker that is full refuses messages, or drops some that are waiting."""
    told = _info("memory")
    if isinstance(told, Finding):
        return told
    policy, limit = told["maxmemory_policy"], int(told["maxmemory"])
    measured = f"maxmemory-policy {policy}, maxmemory {f'{limit // MEGABYTE} MB' if limit else 'without limit'}"
    if policy.startswith("allkeys"):
        return wrong(measured, "Set maxmemory-policy noeviction: a full broker drops lanes with all their messages.")
    if policy != "noeviction":
        return warning(measured, "Set maxmemory-policy noeviction: a full broker drops the replies of workers.")
    return ok(measured) if limit else warning(measured, "Set maxmemory, or the broker may take all of its host's.")


def persistence() -> Finding:
    """Whether the broker writes what it holds to disk, which no promise needs; and whether that fails."""
    told = _info("persistence")
    if isinstance(told, Finding):
        return told._replace(verdict=Verdict.UNKNOWN)
    failed = {"snapshots": told["rdb_last_bgsave_status"], "the log": told.get("aof_last_write_status", "ok")}
    if names := [name for name, status in failed.items() if status != "ok"]:
        return wrong(
            f"it fails to write {' and '.join(names)} to disk, and may refuse every message",
            'Set save "" and appendonly no: all that the broker holds is in PostgreSQL.',
        )
    kept = {"snapshots": told.get("rdb_saves"), "a log of all commands": told["aof_enabled"]}
    if names := [name for name, is_kept in kept.items() if is_kept]:
        return warning(
            f"it writes {' and '.join(names)} to disk",
            'Set save "" and appendonly no: what it brings back after a crash was published again meanwhile.',
        )
    return ok("it has written nothing to disk since it started")


def _info(section: str) -> Mapping[str, Any] | Finding:
    """Return what the broker tells of itself, or why it does not."""
    url, timeout = settings.current().broker_url, settings.current().broker_timeout
    if not url:
        return unknown("BROKER_URL is not set here", "Run this command with the environment of a relay.")
    if not url.startswith("redis"):
        return unknown("RabbitMQ is not asked", "Have an eye on its memory and disk alarms.")
    limits = {"socket_timeout": timeout, "socket_connect_timeout": timeout, "retry": Retry(NoBackoff(), 0)}
    try:
        with redis.Redis.from_url(url, **limits) as client:
            return client.info(section)
    except redis.exceptions.NoPermissionError:
        return unknown("the user of BROKER_URL may not ask for INFO", "Give it +info, as docker-compose.yml does.")
    except redis.RedisError as error:
        return wrong(f"BROKER_URL cannot be used: {error}", "Start the broker, or correct BROKER_URL.")
