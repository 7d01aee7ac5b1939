"""What is signed is verified by the vectors of the standard, and by the standard's own library; nothing else is."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.webhooks import signatures
from domain.webhooks.signatures import NotVerified

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
GITHUB_SECRET, GITHUB_BODY = "It's a Secret to Everybody", b"Hello, World!"
GITHUB_SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
SIGNED = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}

secrets = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
ids = st.text(st.characters(categories=["L", "N"]), min_size=1).map(lambda text: f"msg_{text}")
bodies = st.text(st.characters(exclude_categories=["Cs"]))


def refused(headers: dict[str, str], secret: str = SECRET, body: bytes = BODY, now: float = AT) -> str:
    with pytest.raises(NotVerified) as error:
        signatures.verify(secret, headers, body, now)
    return str(error.value)


def test_the_vector_of_the_standard():
    made = signatures.headers([SECRET], ID, AT, BODY)
    assert {name: made[name] for name in SIGNED} == SIGNED
    signatures.verify(SECRET, SIGNED, BODY, AT)


def test_the_vector_of_the_older_form():
    assert signatures.headers([GITHUB_SECRET], ID, AT, GITHUB_BODY)["X-Signature-256"] == GITHUB_SIGNATURE


def test_the_older_form_takes_the_text_of_the_newest_secret():
    made = signatures.headers([SECRET, GITHUB_SECRET], ID, AT, BODY)
    assert made["X-Signature-256"] == "sha256=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("signature", "told"),
    [
        ("v1,", "malformed or cut off"),
        ("v1", "malformed or cut off"),
        ("v1a", "no signature of the version v1"),
        (SIGNATURE.replace("v1", "v2"), "no signature of the version v1"),
        ("v1,g0hM9SsE", "malformed or cut off"),
        ("", "webhook-signature is missing or empty"),
        (" ", "webhook-signature is missing or empty"),
        (",", "no signature of the version v1"),
        (SIGNATURE.replace("g", "h"), "does not match"),
        (SIGNATURE[:-1] + "é", "malformed or cut off"),
        (SIGNATURE[:-2] + "F=", "does not match"),
        (SIGNATURE + "A", "malformed or cut off"),
        (SIGNATURE.lower(), "does not match"),
        ("V1" + SIGNATURE[2:], "no signature of the version v1"),
        (SIGNATURE.replace(",", ", "), "malformed or cut off"),
        ("v1,\ud800", "malformed or cut off"),
        (f"v1,\ud800é {SIGNATURE.replace('g', 'h')}", "does not match"),
        (SIGNATURE.replace(",", ";"), "no signature of the version v1"),
    ],
    ids=ascii,
)
def test_a_wrong_signature_is_refused_with_its_reason(signature, told):
    assert told in refused(SIGNED | {"webhook-signature": signature})


@pytest.mark.parametrize("name", SIGNED)
def test_a_missing_header_is_named(name):
    assert refused({n: v for n, v in SIGNED.items() if n != name}) == f"the header {name} is missing or empty"
    assert refused(SIGNED | {name: ""}) == f"the header {name} is missing or empty"


def test_a_signature_without_a_time_is_not_enough():
    assert "webhook-id is missing" in refused({"X-Signature-256": GITHUB_SIGNATURE}, GITHUB_SECRET, GITHUB_BODY)


@pytest.mark.parametrize("change", [{"webhook-id": ID + "x"}, {"webhook-timestamp": str(AT + 1)}])
def test_what_was_changed_on_its_way_is_refused(change):
    assert "does not match" in refused(SIGNED | change)
    assert "does not match" in refused(SIGNED, body=BODY + b" ")
    assert "does not match" in refused(SIGNED, secret=signatures.new_secret())


@pytest.mark.parametrize(("age", "told"), [(301, "too old: signed 301 s ago"), (-301, "from the future: signed 301 s")])
def test_it_is_refused_when_its_time_is_far_from_now(age, told):
    assert told in refused(SIGNED, now=AT + age)


@pytest.mark.parametrize("age", [300, -300, 0.5])
def test_it_is_verified_as_long_as_the_tolerance_allows(age):
    signatures.verify(SECRET, SIGNED, BODY, AT + age)


def test_the_tolerance_is_the_callers():
    signatures.verify(SECRET, SIGNED, BODY, AT + 1000, tolerance=1000)
    with pytest.raises(NotVerified, match="too old"):
        signatures.verify(SECRET, SIGNED, BODY, AT + 11, tolerance=10)


@pytest.mark.parametrize(
    "timestamp", ["soon", "1.5", "-5", "1e9", "٣", "9" * 16, "0x10", "1_000", "nan", "\ud800"], ids=ascii
)
def test_a_time_that_is_none_is_refused(timestamp):
    assert refused(SIGNED | {"webhook-timestamp": timestamp}) == (
        "the header webhook-timestamp is no whole number of seconds"
    )


def test_header_names_have_no_case():
    signatures.verify(SECRET, {name.title(): f" {value} " for name, value in SIGNED.items()}, BODY, AT)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***", "whsec_abc", "whsec_é", "a\ud800"], ids=ascii)
def test_a_secret_that_cannot_sign_is_refused(secret):
    with pytest.raises(Invalid, match="the secret cannot be used"):
        signatures.check_secret(secret)
    with pytest.raises(Invalid, match="the secret cannot be used"):
        signatures.headers([secret], ID, AT, BODY)
    assert "the secret cannot be used" in refused(SIGNED, secret)


def test_each_new_secret_is_another_and_has_24_bytes():
    made = {signatures.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in made} == {24}


def test_both_secrets_verify_while_one_takes_over_from_the_other():
    new, old = signatures.new_secret(), "an old one in plain text"
    made = signatures.headers([new, old], ID, AT, BODY)
    for secret in (new, old):
        signatures.verify(secret, made, BODY, AT)
    assert "does not match" in refused(made, signatures.new_secret())


@given(secrets, ids, bodies)
def test_the_standards_library_signs_alike(secret, message_id, body):
    now = int(datetime.now(UTC).timestamp())
    made = signatures.headers([signatures.new_secret(), secret], message_id, now, body.encode())
    library = standardwebhooks.Webhook(secret)
    assert library.sign(message_id, datetime.fromtimestamp(now, UTC), body) == made["webhook-signature"].split()[1]
    signatures.verify(secret, made, body.encode(), now)


@given(secrets, bodies)
def test_the_standards_library_verifies_what_was_signed_and_nothing_else(secret, body):
    now = int(datetime.now(UTC).timestamp())
    made = signatures.headers([secret], "msg_1", now, f'"{len(body)}"'.encode())
    assert standardwebhooks.Webhook(secret).verify(f'"{len(body)}"', made) == str(len(body))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(f'"{len(body)} "', made)


@given(
    st.dictionaries(st.sampled_from(sorted(SIGNED)), st.text(st.characters())), st.text(st.characters()), st.binary()
)
def test_nothing_but_a_reason_comes_of_nonsense(headers, secret, body):
    assert refused(SIGNED | headers if headers else {}, secret, body, now=float(AT))
