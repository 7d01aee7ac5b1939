"""The command itself."""

import json
import sys

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a line for each check.")
def doctor(as_json: bool) -> None:
    """Check the traps that an installation can fall into; exit with status 1 if something is wrong.

    Run it where a part runs, with that part's environment.
    """
    from cli.doctor.diagnosis import diagnose, table
    from domain.doctor.findings import Verdict, worst

    lines = diagnose()
    verdict = worst(lines)
    shown = {"verdict": verdict, "checks": [line._asdict() for line in lines]}
    click.echo(json.dumps(shown, indent=1) if as_json else table(lines))
    sys.exit(verdict == Verdict.WRONG)
