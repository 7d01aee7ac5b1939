"""Files that only their owner reads."""

import os
from pathlib import Path


def write_secret(path: Path, text: str) -> None:
    """Have the file hold `text` from now on, whole or not at all, for nobody else to read at any moment."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    # Without it a power cut takes a master key away, and keeps what was encrypted under it.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
