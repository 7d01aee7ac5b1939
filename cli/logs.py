"""How every part speaks: a line has a time, a level and the part, or is one JSON object of these."""

import json
import logging
import re
import warnings
from datetime import UTC, datetime

from db import traces

# The attributes that every record has; all others were passed as `extra`.
OWN_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
# They greet, repeat what the worker says, or tell of each connection that it is closed.
QUIET = ("alembic.runtime.plugins", "celery.worker.control", "kombu.mixins", "flower", "tornado", "imapclient")

# They add tracebacks of Celery's own code, and a number that looks like a job's and is none.
WORDY = ("celery.worker.request", "celery.beat")
LOST = re.compile(r"Worker exited prematurely: (.+) Job: \d+")
NOT_SENT = re.compile(r"Message Error: (.+)")


class TextFormatter(logging.Formatter):
    """Writes `time LEVEL part logger: message` and the trace, if any; a traceback follows on lines of its own."""

    def __init__(self, part: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {part} %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the time in UTC, as RFC 3339 writes it, to the millisecond."""
        return rfc3339(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line, with the trace at its end."""
        trace_id = getattr(record, "trace_id", None)
        return super().formatMessage(record) + (f" trace_id={trace_id}" if trace_id else "")


class JsonFormatter(logging.Formatter):
    """Writes one object a line: time, level, part, logger, message, what was passed as `extra`, and any exception."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        fields = {"time": rfc3339(record), "level": record.levelname, "part": self._part, "logger": record.name}
        fields |= {"message": record.getMessage()}
        fields |= {name: value for name, value in vars(record).items() if name not in OWN_FIELDS}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str, ensure_ascii=False)


def rfc3339(record: logging.LogRecord) -> str:
    """Return when the record was made, in UTC to the millisecond."""
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def configure(part: str, level: str, kind: str) -> None:
    """Send every logger's records to stderr, as text or as json; Celery and gunicorn are told to leave it so."""
    handler = logging.StreamHandler()
    handler.addFilter(of_trace)
    handler.setFormatter(JsonFormatter(part) if kind == "json" else TextFormatter(part))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # Celery warns a worker that runs as root of pickled messages, which ours never accepts.
    warnings.filterwarnings("ignore", message="(?s)You're running the worker with superuser privileges")
    for name in WORDY:
        logging.getLogger(name).addFilter(shortened)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.getLogger("flower.inspector").setLevel(logging.ERROR)  # it asks before the worker can answer


def of_trace(record: logging.LogRecord) -> bool:
    """Have the record say of which trace it is, if it does not itself."""
    if not hasattr(record, "trace_id") and (trace_id := traces.trace_id(traces.current())):
        record.trace_id = trace_id
    return True


def shortened(record: logging.LogRecord) -> bool:
    """Have what Celery says of a child that died, and of a message that was not sent, said in one line."""
    said = record.getMessage()
    if lost := LOST.search(said):
        record.msg, record.args, record.exc_info = f"a child ended by {lost[1]}; its jobs go on elsewhere", None, None
    elif failed := NOT_SENT.match(said):
        record.msg, record.args, record.exc_info = failed[1], None, None
    return True
