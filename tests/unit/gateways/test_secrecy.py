"""What a server says is shown without what lets us in, in whichever form it repeats that."""

import base64
from urllib.parse import quote_plus

import pytest

from gateways.secrecy import without

SECRET = 'hush "hush" \\ пароль'
FORMS = {
    "as it is": SECRET,
    "quoted": SECRET.replace("\\", "\\\\").replace('"', '\\"'),
    "bytes": repr(SECRET.encode())[2:-1],
    "in a form": quote_plus(SECRET),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_hidden_in_each_form(form: str) -> None:
    assert without(f"not {form}!", [SECRET, ""]) == "not [hidden]!"


@pytest.mark.parametrize("before", ["", "\0a\0", "\0ab\0", "\0abc\0", "user=a\1auth=Bearer "])
@pytest.mark.parametrize("behind", ["", "\1\1", "x"])
def test_a_secret_is_hidden_wherever_it_stands_in_base64(before: str, behind: str) -> None:
    secret = "correct-horse-7"
    said = without("no: " + base64.b64encode(f"{before}{secret}{behind}".encode()).decode(), [secret])
    assert "[hidden]" in said
    shown = said.replace("[hidden]", "").removeprefix("no: ").rstrip("=")
    assert len(shown) <= len(base64.b64encode((before + behind).encode())) + 4, "its letters are shown"


def test_what_is_no_secret_stays() -> None:
    assert without("[AUTHENTICATIONFAILED] wrong", ["", "sesame"]) == "[AUTHENTICATIONFAILED] wrong"
