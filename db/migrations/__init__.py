"""Schema changes, run under one advisory lock and in one transaction: killed anywhere, they start over."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config

from db.migrations.locks import Blocked

ATTEMPTS = 30
PAUSE_S = 2.0
log = logging.getLogger(__name__)


def upgrade(revision: str = "head") -> None:
    """Bring the schema up to `revision`, once, however many processes ask at the same time; raise Blocked."""
    _again_while_blocked(lambda: command.upgrade(_config(), revision))


def downgrade(revision: str) -> None:
    """Take the schema back to `revision`; `base` drops every table and its rows; raise Blocked."""
    _again_while_blocked(lambda: command.downgrade(_config(), revision))


def _again_while_blocked(change: Callable[[], None]) -> None:
    """Let the others go on for a while after each attempt that was blocked; raise Blocked after the last."""
    for left in reversed(range(ATTEMPTS)):
        try:
            change()
            break
        except Blocked as blocked:
            log.warning("blocked by %s; %d attempts left", blocked, left)
            if not left:
                raise
        time.sleep(PAUSE_S)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
