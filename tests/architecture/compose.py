"""docker-compose.yml as Compose would see it."""

import re
from functools import cache
from typing import Any

import yaml

from tests.architecture.sources import ROOT

IMAGE = "counterfoil"
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>[A-Z_]+)(?P<rest>[^}]*)\}")


@cache
def document() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def services() -> dict[str, dict[str, Any]]:
    return document()["services"]


def parts() -> dict[str, dict[str, Any]]:
    """Return the services that run our own image."""
    return {name: service for name, service in services().items() if service["image"] == IMAGE}
