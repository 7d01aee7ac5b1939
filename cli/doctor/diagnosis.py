"""The findings of every check, those on the broker and on open doors included."""

from collections.abc import Callable, Mapping, Sequence

from cli import preflight
from cli.doctor import broker, mail, ports, storage
from domain.doctor.checks import CHECKS, COMMAND_CHECKS, examine, unseen
from domain.doctor.findings import Finding, Line, wrong
from settings import ConfigurationError

OWN_CHECKS: Mapping[str, Callable[[], Finding]] = {
    "broker": broker.memory,
    "persistence": broker.persistence,
    "ports": ports.open_doors,
    "storage": storage.files,
    "mail": mail.relay,
}


def diagnose() -> list[Line]:
    """Return a line for each check, if the database does not answer as well."""
    return [*_of_database(), *(Line(name, *OWN_CHECKS[name]()) for name in COMMAND_CHECKS)]


def _of_database() -> list[Line]:
    try:
        preflight.require_answer()
    except ConfigurationError as error:
        first, *others = (name for name, _ in CHECKS)
        remedy = "Have the database of DATABASE_URL answer, which the other checks read."
        return [Line(first, *wrong(str(error), remedy)), *unseen(others, "the database does not answer", remedy)]
    return examine()


def table(lines: Sequence[Line]) -> str:
    """Return a line of text for each finding."""
    width = max(len(line.check) for line in lines)
    return "\n".join(f"{line.verdict:<8} {line.check:<{width}}  {_told(line)}" for line in lines)


def _told(line: Line) -> str:
    return f"{line.measured}. {line.remedy}" if line.remedy else line.measured
