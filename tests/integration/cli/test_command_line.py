"""What an operator sets up on the command line."""

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from cli.main import counterfoil, main
from db.transaction import statement
from tests import chain
from tests.caller import Caller
from tests.integration.local import running_stack


def create_key(*options: str) -> Result:
    return run("create", "--organization", "Shop", *options)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(counterfoil, ["keys", *arguments])


def test_a_key_opens_the_api_and_its_organization_trades_in_one_currency(database):
    key = create_key("--currency", "JPY").output.strip()
    assert Caller(key).get("/api/v1/products").status_code == 200
    assert create_key().exit_code == 0
    assert chain.rows("SELECT currency_code FROM organizations") == [("JPY",)]


def test_a_revoked_key_opens_nothing(database):
    key = create_key("--operator").output.strip()
    listed = run("list").output.split("\t")
    assert (listed[1:2], listed[3]) == (["Shop"], "operator")
    assert key not in run("list").output
    assert run("revoke", listed[0]).exit_code == 0
    assert Caller(key).get("/api/v1/products").status_code == 401
    again = run("revoke", listed[0])
    assert (again.exit_code, "keys list" in again.output, run("list").output) == (2, True, "")


@pytest.mark.parametrize(
    "arguments", [("create", "--organization", "\u200b "), ("revoke", str(2**70))], ids=["blank", "beyond any id"]
)
def test_what_cannot_be_is_refused_in_one_line(database, arguments):
    done = run(*arguments)
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)


@pytest.mark.parametrize(
    ("before", "currency", "told"), [("JPY", "EUR", "Shop has the currency JPY"), (None, "XYZ", "XYZ")]
)
def test_a_currency_is_neither_changed_nor_made_up(database, before, currency, told):
    if before:
        create_key("--currency", before)
    refused = create_key("--currency", currency)
    assert (refused.exit_code, told in refused.output) == (2, True)
    assert chain.value("SELECT count(*) FROM organizations") == (1 if before else 0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("verify", "report.jsonl", "--key", ""), "--key is empty"),
        (("api", "--fd", "99"), "--fd 99: this process was handed no socket"),
        (("api", "--fd", "0"), "--fd 0: this process was handed no socket"),
    ],
)
def test_an_option_that_means_nothing_is_refused_in_one_line(arguments, told):
    done = running_stack.counterfoil(*arguments)
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_a_command_whose_database_goes_ends_with_one_line(database, monkeypatch, capsys):
    def cut():
        with statement() as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr("cli.main.counterfoil", cut)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (1, 1)
    assert said.startswith("counterfoil: the database failed: terminating connection")
