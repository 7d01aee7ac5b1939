"""A real server that speaks S3 and refuses bad signatures. It is installed beside Python's packages, once, by npm."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from local.process import LOOPBACK, Child, free_port

FOLDER = Path(__file__).parent
INSTALLED = Path(sys.prefix) / "s3rver"
MANIFESTS = ("package.json", "package-lock.json")
KEY = "S3RVER"


def installed() -> Path:
    """Return the folder with the server's packages, as the lock file has them; skip the test where there is no Node."""
    if not (node := shutil.which("node")) or not shutil.which("npm"):
        pytest.skip("needs Node.js and npm, for a server that speaks S3")
    text = b"".join((FOLDER / name).read_bytes() for name in MANIFESTS)
    wanted, stamp = sha256(text).hexdigest(), INSTALLED / "installed"
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / "lock").open("w") as lock:  # several test processes want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _install()
            stamp.write_text(wanted)
    assert node
    return INSTALLED


def _install() -> None:
    for name in MANIFESTS:
        shutil.copy(FOLDER / name, INSTALLED)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=INSTALLED, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"npm could not install the S3 server: {done.stderr or done.stdout}"


class S3Server(Child):
    """The server, which keeps its objects in a folder."""

    name = "s3"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._modules, self.folder, self.port = installed(), folder, free_port()

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def command(self) -> list[str]:
        return ["node", str(FOLDER / "start.js"), str(self._modules), str(self.port), str(self.folder)]

    def environment(self) -> Mapping[str, str]:
        return {"PATH": os.environ["PATH"]}

    def is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0

    def keys(self, bucket: str) -> Iterator[str]:
        """Yield the keys of all objects in a bucket."""
        end = "._S3rver_object"
        for path in sorted((self.folder / bucket).rglob(f"*{end}")):
            yield str(path.relative_to(self.folder / bucket)).removesuffix(end)
