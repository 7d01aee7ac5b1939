"""What the doctor found a moment ago: whoever asks has it look again, and does not wait for that."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from domain.doctor.checks import examine
from domain.doctor.findings import Line, Verdict, worst

log = logging.getLogger(__name__)
KEPT_S = 60.0


class Diagnosis(NamedTuple):
    """The worst verdict, and the lines that are not all right."""

    verdict: Verdict
    troubles: list[Line]


class Lately:
    """The last examination of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: Sequence[Line] = ()
        self._until = 0.0

    def diagnosis(self) -> Diagnosis | None:
        """Return what was found last, None if nothing was yet; another examination begins if that is long ago."""
        with self._lock:
            due = time.monotonic() >= self._until
            if due:
                self._until = time.monotonic() + KEPT_S
        if due:
            threading.Thread(target=self._examine, name="doctor", daemon=True).start()
        lines = self._lines
        wrong = [line for line in lines if line.verdict in (Verdict.WARNING, Verdict.WRONG)]
        return Diagnosis(worst(lines), wrong) if lines else None

    def _examine(self) -> None:
        try:
            self._lines = examine()
        except Exception as error:  # the next one who asks has it look again
            log.warning("doctor: %s", type(error).__name__)


lately = Lately()
