"""The folder of a server that may run as another user than its holder."""

import fcntl
import os
from pathlib import Path

from local.binaries import postgres_user
from local.process import wait_until


class FolderInUse(Exception):
    """Another process holds the folder."""


class ServerFolder:
    """A folder that one server at a time uses: locked until the last process that inherited it is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def lock(self, patience: float) -> None:
        """Make the folder ours, waiting for the processes of the last server; raise FolderInUse."""
        self.release()
        self.path.mkdir(parents=True, exist_ok=True)
        self._descriptor = descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        if not wait_until(lambda: _locked(descriptor), patience):
            self.release()
            raise FolderInUse(f"{self.path} is used by another process")

    def release(self) -> None:
        """Give the folder up, as far as this process is concerned."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def hand_over(self, *names: str) -> None:
        """Give the folder and these files in it to the server's user."""
        self.path.chmod(0o700)
        if user := postgres_user():
            for path in (self.path, *(self.path / name for name in names)):
                os.chown(path, user.pw_uid, user.pw_gid)

    def seen_by_server(self) -> str:
        """Return the path by which the server reaches the folder."""
        # A folder above may let only root through; an inherited open folder is reached without passing there.
        return f"/proc/self/fd/{self._descriptor}" if postgres_user() else str(self.path)

    def spawn_options(self) -> dict:
        """Return what Popen must be told: who the server runs as, and the open folder."""
        user = postgres_user()
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        return {"pass_fds": [self._descriptor], **who}


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
