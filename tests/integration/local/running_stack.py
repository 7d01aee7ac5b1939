"""`counterfoil up` as a test holds it."""

import json
import re
import subprocess
import threading
from pathlib import Path

import psutil

from local.client import Client
from local.part import COUNTERFOIL
from settings import child_environment
from tests.waiting import wait_until

START_TIMEOUT, STOP_TIMEOUT = 120, 30


def counterfoil(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Return a finished `counterfoil` command."""
    env = child_environment(DATABASE_URL="", BROKER_URL="") | environment
    return subprocess.run([*COUNTERFOIL, *arguments], env=env, capture_output=True, text=True, timeout=60)


def lives(process: psutil.Process) -> bool:
    """Return whether the process runs; a dead one that nobody reaped does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def message(line: str) -> str:
    """Return what a line says, also when it is a JSON object."""
    return json.loads(line)["message"] if line.startswith("{") else line


class RunningStack:
    """Within its `with`, a stack that printed its ready line; `facts` is what that line said."""

    def __init__(self, data_dir: Path, *options: str, **environment: str) -> None:
        command = [*COUNTERFOIL, "up", "--port", "0", "--data-dir", str(data_dir), *options]
        env = child_environment(DATABASE_URL="", BROKER_URL="") | environment
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "RunningStack":
        try:
            self.facts = json.loads(self.printed(r"ready (\{.*\})", START_TIMEOUT)[1])
        except BaseException:
            self.__exit__()
            raise
        self.client = Client(self.facts["url"], self.facts["apiKey"])
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(STOP_TIMEOUT)
        self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def printed(self, pattern: str, timeout: float = 30) -> re.Match:
        """Return the last line that matches, waiting for the first one."""

        def last() -> re.Match | None:
            found = [match for line in self.lines.copy() if (match := re.fullmatch(pattern, message(line)))]
            ended = self.process.poll() is not None and not found
            assert not ended, "\n".join(["the stack ended:", *self.lines[-40:]])
            return found[-1] if found else None

        return wait_until(last, timeout, f"{pattern} was not printed")

    def all_processes(self) -> list[psutil.Process]:
        """Return the stack's process and everything below it."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def issue_one(self) -> str:
        """Return the number of an invoice that went through the whole chain."""
        client = {"name": "Ada", "addressLine1": "1 Row", "city": "London", "country": "GB"}
        items = [{"description": "Hour", "quantity": "1", "unitPrice": "10"}]
        body = {"supplierId": self.facts["supplierId"], "client": client, "items": items}
        status, accepted = wait_until(lambda: self._accepted(body), 30, "the API took no request")
        assert status == 201, accepted
        path = f"/api/v1/invoice-requests/{accepted['requestId']}"
        done = wait_until(lambda: self._completed(path), 60, "the request was not COMPLETED")
        return done["invoiceNumber"]

    def _accepted(self, body: dict) -> tuple[int, dict] | None:
        try:
            answer = self.client.post("/api/v1/invoice-requests", body)
        except OSError:  # the API is being restarted
            return None
        return None if answer[0] >= 500 else answer

    def _completed(self, path: str) -> dict | None:
        status, request = self.client.get(path)
        assert status == 200, request
        return request if request["status"] == "COMPLETED" else None
