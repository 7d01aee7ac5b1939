"""The same program, with limits of its own."""

from domain.jail.enclosing import Limits
from tests.integration.jail.program import answer, prepare

__all__ = ["LIMITS", "answer", "prepare"]
LIMITS = Limits(memory=1024 * 1024 * 1024, cpu_seconds=30, no_file_is_there=True)
