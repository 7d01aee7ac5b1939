"""A receiver of webhooks finds out on the command line whether its own code is right."""

import time

import pytest
from click.testing import CliRunner, Result

from cli.main import counterfoil
from domain.webhooks import signatures

SECRET, BODY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}\n'


def verify(*arguments: str, body: bytes | None = BODY, at: int | None = None, secret: str | None = SECRET) -> Result:
    made = signatures.headers([SECRET], "msg_1", int(time.time()) if at is None else at, BODY)
    headers = [word for name, value in made.items() for word in ("--header", f"{name}: {value}")]
    env = {"WEBHOOK_SECRET": secret or ""}
    return CliRunner().invoke(counterfoil, ["webhook", "verify", *headers, *arguments], input=body, env=env)


def test_it_is_verified_from_standard_input():
    done = verify()
    assert (done.output, done.exit_code) == ("ok\n", 0)


def test_it_is_verified_from_files(tmp_path):
    body, secret = tmp_path / "body.json", tmp_path / "secret"
    body.write_bytes(BODY)
    secret.write_text(f"{SECRET}\n")
    done = verify(str(body), "--secret-file", str(secret), body=None, secret=None)
    assert (done.output, done.exit_code) == ("ok\n", 0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"body": BODY.strip()}, "the signature does not match"),
        ({"secret": "another"}, "the signature does not match"),
        ({"secret": "whsec_*"}, "the secret cannot be used"),
        ({"at": 1614265330}, "the message is too old"),
    ],
    ids=["body", "secret", "no secret", "time"],
)
def test_what_is_wrong_is_told_in_one_line(changed, told):
    done = verify(**changed)
    assert (done.exit_code, done.output.count("\n"), done.output.startswith(told)) == (1, 1, True), done.output


def test_an_older_message_is_judged_at_its_own_time():
    assert verify("--at", "1614265330", at=1614265330).exit_code == 0
    assert verify("--at", "1614265630", at=1614265330).exit_code == 0
    assert verify("--at", "1614265631", at=1614265330).exit_code == 1
    assert verify("--at", "1614266330", "--tolerance", "1000", at=1614265330).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "secret", "told"),
    [
        ((), None, "there is no secret: put it into the variable WEBHOOK_SECRET, or into a --secret-file"),
        (("--header", "webhook-id"), SECRET, "write it as 'webhook-id: 0198c5'"),
        (("none.json",), SECRET, "none.json"),
        (("--secret", SECRET), SECRET, "No such option"),
    ],
    ids=["no secret", "header", "file", "argument"],
)
def test_what_cannot_be_tried_is_refused(arguments, secret, told):
    done = verify(*arguments, secret=secret)
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert told in " ".join(done.output.replace("│", " ").split())


def test_a_secret_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe")
    done = verify("--secret-file", str(file))
    assert (done.exit_code, "is no text" in done.output) == (2, True)


def test_its_help_has_an_example():
    done = CliRunner().invoke(counterfoil, ["webhook", "verify", "--help"])
    assert "WEBHOOK_SECRET=whsec_... counterfoil webhook verify body.json" in done.output
