"""Whether spans are recorded: if the standard variables name a collector, and the extra `traces` is installed."""

import atexit
import logging
from importlib.util import find_spec

from db import traces
from settings import foreign

log = logging.getLogger(__name__)
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"
LIBRARIES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def wanted() -> bool:
    """Return whether the environment names a collector, and does not switch the SDK off."""
    off = foreign("OTEL_SDK_DISABLED").lower() == "true" or foreign("OTEL_TRACES_EXPORTER") not in ("", "otlp")
    return not off and any(map(foreign, ENDPOINTS))


def tell_what_is_lacking() -> None:
    """Say in the log why no spans will come, once a part, before it makes processes."""
    if not wanted():
        return
    if not _installed():
        log.warning("%s is set, but no spans are recorded: pip install counterfoil[traces]", _first(ENDPOINTS))
    elif (protocol := _first(PROTOCOLS)) and foreign(protocol) != SPOKEN:
        log.warning("%s: spans are sent as %s, to port 4318 of most collectors", protocol, SPOKEN)


def record(part: str) -> None:
    """Record the spans of this process, if that is wanted and can be; so call this after the last fork.

    Whatever is wrong with it costs the spans alone.
    """
    if not wanted() or not _installed():
        return
    try:
        from cli import otel

        otel.start(part)
    except Exception as error:  # its own settings, for example
        log.warning("no spans are recorded: %s", error)
    else:
        atexit.register(end)


def end() -> None:
    """Send what was recorded, for some seconds at the most."""
    if traces.recorder is not None:
        from cli import otel

        traces.recorder = None
        otel.end()


def _installed() -> bool:
    try:
        return all(find_spec(name) for name in LIBRARIES)
    except ModuleNotFoundError:
        return False


def _first(names: tuple[str, ...]) -> str:
    return next(filter(foreign, names), "")
