"""Every setting, read from the environment once, here and nowhere else.

A module asks `current()` when it needs a value and keeps no copy, so that no object is sized at import."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit


class ConfigurationError(Exception):
    """The configuration cannot work; the message says which variable to change."""


LOG_FORMATS = ("text", "json")
OCR_PROVIDERS = ("local", "vision")
EXTRACTION_PROVIDERS = ("rules", "openai")
# Others know these by the names that they have in every system.
BY_CUSTOM = ("database_url", "database_owner_url", "broker_url")
DATABASE_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2")
PREFIX = "COUNTERFOIL_"
# From the one that has to run out first to the last.
ORDER = ("statement_timeout", "http_timeout", "task_timeout", "lease")
LAST_PORT = 65535
KEY_BYTES = 32
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
BROKER_SCHEMES = ("redis", "rediss", "valkey", "valkeys", "amqp", "amqps", "pyamqp")
Switch = Literal[0, 1]


@dataclass(frozen=True)
class Settings:
    """The configuration of one process. Durations are seconds unless the name says otherwise."""

    database_url: str = field(default="", repr=False)
    database_owner_url: str = field(default="", repr=False)
    read_database_url: str = field(default="", repr=False)
    read_max_age: int = 30
    broker_url: str = field(default="", repr=False)

    log_level: str = "INFO"
    log: str = "text"
    api_host: str = "127.0.0.1"
    api_port: int = 8000
    api_workers: int = 1
    api_threads: int = 8
    public_url: str = ""
    trusted_proxies: int = 0
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    api_subscribers: int = 1000
    api_connections: int = 4000
    api_request_timeout: int = 15
    api_send_timeout: int = 30
    direct_slots: int = 4
    direct_budget: int = 3
    worker_concurrency: int = 2
    worker_memory_mb: int = 1024
    io_concurrency: int = 50
    flower_port: int = 5555
    flower_basic_auth: str = field(default="", repr=False)

    http_timeout: int = 20
    task_timeout: int = 30
    lease: int = 60
    redelivery_interval: int = 8
    sweep_interval: int = 5
    work_ahead_ms: int = 500
    max_in_flight: int = 2000
    max_broker_depth: int = 200
    max_backlog: int = 20_000_000
    max_backlog_per_organization: int = 2_000_000

    statement_timeout: int = 15
    lock_timeout: int = 2
    idle_in_transaction_timeout: int = 10
    connect_timeout: int = 3
    broker_timeout: int = 3

    job_retention_days: int = 90
    failed_job_retention_days: int = 365
    event_retention_days: int = 30
    mail_retention_days: int = 365
    imported_mail_retention_days: int = 365
    rejected_bill_retention_days: int = 90
    invoice_retention_years: int = 10
    idempotency_retention_hours: int = 24
    cron_secret: str = field(default="", repr=False)
    cron_budget: int = 10
    signing_key: str = field(default="", repr=False)
    # With commas between them: the first wraps, the others still unwrap.
    master_keys: str = field(default="", repr=False)
    master_keys_file: str = ""
    storage_url: str = ""
    storage_endpoint: str = ""
    storage_public_endpoint: str = ""
    storage_region: str = "us-east-1"
    storage_access_key: str = field(default="", repr=False)
    storage_secret_key: str = field(default="", repr=False)
    fonts: str = ""
    max_body_mb: int = 2
    max_requests_per_second: int = 2000
    max_requests_per_second_per_key: int = 2000
    request_burst: int = 10
    max_invoices_per_day: int = 10_000_000
    max_templates: int = 500
    max_stored_mb: int = 1_000_000
    webhook_allow_http: Switch = 0
    webhook_allowed_networks: str = ""
    ocr_provider: str = "local"
    ocr_url: str = "https://vision.googleapis.com"
    ocr_api_key: str = field(default="", repr=False)
    extraction_provider: str = "rules"
    extraction_url: str = "https://api.openai.com/v1"
    extraction_api_key: str = field(default="", repr=False)
    extraction_model: str = ""
    mailbox_allowed_networks: str = ""
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    max_mails_per_day: int = 10_000

    def check(self) -> "Settings":
        """Return self if the timeouts stand in the order that leases rely on; raise ConfigurationError.

        A statement may wait twice for one row, for its place in the queue and then for the row: two such waits must end
        before the statement is ended, or a job would be blamed for what another holds.
        """
        for shorter, longer in (*pairwise(ORDER), ("direct_budget", "http_timeout")):
            if getattr(self, shorter) >= getattr(self, longer):
                raise ConfigurationError(
                    f"{variable(shorter)} ({getattr(self, shorter)} s) must be shorter than "
                    f"{variable(longer)} ({getattr(self, longer)} s)"
                )
        if 2 * self.lock_timeout >= self.statement_timeout:
            raise ConfigurationError(
                f"{variable('lock_timeout')} ({self.lock_timeout} s) must be shorter than half of "
                f"{variable('statement_timeout')} ({self.statement_timeout} s)"
            )
        choices = {"log": LOG_FORMATS, "ocr_provider": OCR_PROVIDERS, "extraction_provider": EXTRACTION_PROVIDERS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ConfigurationError(f"{variable(name)} must be one of: {', '.join(known)}")
        if self.extraction_provider == "openai" and not self.extraction_model:
            raise ConfigurationError(f"{variable('extraction_model')} must name the model that is asked")
        for name in ("api_port", "flower_port"):
            check_port(variable(name), getattr(self, name))
        if self.signing_key and not _is_key(self.signing_key):
            raise ConfigurationError(f"{variable('signing_key')} must be base64 of {KEY_BYTES} bytes")
        if self.master_keys and not all(map(_is_key, self.master_keys.split(","))):
            name = variable("master_keys_file" if self.master_keys_file else "master_keys")
            raise ConfigurationError(f"{name} must be base64 of {KEY_BYTES} bytes, or several with commas between")
        _check_places(self)
        if self.oidc_issuer and not (self.oidc_client_id and self.public_url):
            needed = f"{variable('oidc_client_id')} and {variable('public_url')}"
            raise ConfigurationError(f"{variable('oidc_issuer')} needs {needed}: the provider leads back there")
        for name in ("webhook_allowed_networks", "mailbox_allowed_networks"):
            networks(variable(name), getattr(self, name))
        if self.smtp_url and not self.mail_from:
            raise ConfigurationError(f"{variable('smtp_url')} needs {variable('mail_from')}: whose mails are these?")
        return self


def _check_places(given: Settings) -> None:
    """Raise ConfigurationError unless the storage can be, and people can come, where the settings say."""
    name = variable("storage_url")
    scheme, host, path = _split(name, given.storage_url)
    is_folder = scheme == "file" and not host and path.strip("/")
    is_bucket = scheme == "s3" and BUCKET.fullmatch(host or "")
    if given.storage_url and not is_folder and not is_bucket:
        raise ConfigurationError(f"{name} must look like file:///folder or s3://bucket/prefix")
    for setting in ("storage_endpoint", "storage_public_endpoint", "public_url"):
        scheme, host, path = _split(variable(setting), getattr(given, setting))
        if getattr(given, setting) and (scheme not in ("http", "https") or not host or path.strip("/")):
            raise ConfigurationError(f"{variable(setting)} must look like https://books.example.com:9000, with no path")


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except ValueError:
        return False


def _master_keys(text: str, path: str) -> str:
    """Return the keys of the variable, or else of the file, with nothing but commas between them."""
    name = variable("master_keys_file")
    if text and path:
        raise ConfigurationError(f"set {variable('master_keys')} or {name}, not both")
    try:
        text = Path(path).read_text() if path else text
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"{name} cannot be read: {reason}") from None
    keys = ",".join(word for line in text.splitlines() for part in line.split(",") if (word := part.strip()))
    if path and not keys:
        raise ConfigurationError(f"{name} holds no key")
    return keys


def check_port(name: str, port: int) -> None:
    """Raise ConfigurationError unless a server can have this port."""
    if not 0 <= port <= LAST_PORT:
        raise ConfigurationError(f"{name} must be a port, at most {LAST_PORT}, not {port}")


def networks(name: str, text: str) -> list[IPv4Network | IPv6Network]:
    """Return the networks of a list with commas; raise ConfigurationError at one that is none."""
    found = []
    for written in filter(None, map(str.strip, text.split(","))):
        try:
            found.append(ip_network(written))
        except ValueError as error:
            raise ConfigurationError(f"{name} must be networks such as 10.1.0.0/16,fd00::/8: {error}") from None
    return found


def unknown(environ: Mapping[str, str] | None = None) -> list[str]:
    """Return a sentence for each COUNTERFOIL_ variable that is no setting, with the nearest one that is."""
    strangers = _strangers(os.environ if environ is None else environ)
    return [f"{name} is no setting{_nearest(name)}" for name in strangers]


def _known() -> list[str]:
    return [name for f in fields(Settings) if (name := variable(f.name)).startswith(PREFIX)]


def _strangers(environ: Mapping[str, str]) -> list[str]:
    known = _known()
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def _nearest(name: str) -> str:
    # Without the prefix, which all have in common.
    near = get_close_matches(name.removeprefix(PREFIX), [other.removeprefix(PREFIX) for other in _known()], n=1)
    return f"; did you mean {PREFIX}{near[0]}?" if near else "; docs/settings.md lists them"


_current: Settings | None = None


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ`, the process environment by default; raise ConfigurationError."""
    environ = os.environ if environ is None else environ
    given: dict[str, Any] = {
        f.name: _parse(f.name, f.type, environ[variable(f.name)])
        for f in fields(Settings)
        if environ.get(variable(f.name))
    }
    for name in ("database_url", "database_owner_url", "read_database_url"):
        given[name] = database_url(given.get(name, ""), variable(name))
    given["broker_url"] = broker_url(given.get("broker_url", ""))
    given["master_keys"] = _master_keys(given.get("master_keys", ""), given.get("master_keys_file", ""))
    return Settings(**given).check()


def current() -> Settings:
    """Return this process's settings: those given to `use`, or those of the environment, read at the first call."""
    global _current
    if _current is None:
        _current = load()
    return _current


def use(settings: Settings) -> None:
    """Replace this process's settings as a whole; an object that was built from the former ones keeps them."""
    global _current
    _current = settings


def variable(name: str) -> str:
    """Return the environment variable of the setting `name`: some have theirs by custom, the rest are prefixed."""
    return name.upper() if name in BY_CUSTOM else PREFIX + name.upper()


def child_environment(**overrides: str) -> dict[str, str]:
    """Return the environment for a child process: this one's with `overrides`, without what it has named already."""
    strangers = _strangers(os.environ)
    return {name: value for name, value in os.environ.items() if name not in strangers} | overrides


def foreign(name: str) -> str:
    """Return a variable that others have named, such as SSL_CERT_FILE; it is empty if it is not set."""
    return os.environ.get(name, "")


def export(**variables: str) -> None:
    """Set variables that a library reads when it is imported; so call this before importing it."""
    os.environ.update(variables)


def _parse(name: str, kind: object, text: str) -> str | int:
    if kind == Switch:
        if text not in ("0", "1"):
            raise ConfigurationError(f"{variable(name)} must be 0 or 1, not {text!r}")
        return int(text)
    if kind not in (int, "int"):
        return text
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number <= 0:
        raise ConfigurationError(f"{variable(name)} must be a whole number above zero, not {text!r}")
    return number


def database_url(url: str, name: str = "DATABASE_URL") -> str:
    """Return `url` as libpq and SQLAlchemy both read it; an empty one stays empty; raise ConfigurationError."""
    if not url:
        return ""
    for one in _one_by_one(url):
        scheme, _, database = _split(name, one)
        if scheme not in DATABASE_SCHEMES or not database.strip("/"):
            raise ConfigurationError(f"{name} must look like postgresql://user:password@host:5432/database")
    return "postgresql://" + url.split("://", 1)[1]


def broker_url(url: str) -> str:
    """Return `url` in the spelling Celery knows; an empty one stays empty; raise ConfigurationError."""
    if not url:
        return ""
    scheme, host, _ = _split("BROKER_URL", url)
    if scheme not in BROKER_SCHEMES or not host:
        raise ConfigurationError("BROKER_URL must look like redis://host:6379/0 or amqp://user:password@host//")
    return scheme.replace("valkey", "redis") + "://" + url.split("://", 1)[1]


def _one_by_one(url: str) -> list[str]:
    """Return a URL for each server of a URL that names several: host1:5432,host2:5432."""
    address = url.partition("://")[2].partition("/")[0]
    user, at, servers = address.rpartition("@")
    return [url.replace(address, user + at + server, 1) for server in servers.split(",")] if servers else [url]


def _split(name: str, url: str) -> tuple[str, str | None, str]:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  urlsplit checks the port only when it is read
    except ValueError as error:
        raise ConfigurationError(f"{name} is not a URL: {error}") from None
    return parts.scheme, parts.hostname, parts.path
