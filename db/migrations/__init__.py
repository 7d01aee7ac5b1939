"""Schema changes, run under one advisory lock and in one transaction: killed anywhere, they start over."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def upgrade(revision: str = "head") -> None:
    """Bring the schema up to `revision`, once, however many processes ask at the same time."""
    command.upgrade(_config(), revision)


def downgrade(revision: str) -> None:
    """Take the schema back to `revision`; `base` drops every table and its rows."""
    command.downgrade(_config(), revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
