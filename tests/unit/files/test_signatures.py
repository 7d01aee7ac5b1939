"""Requests are signed as Amazon's documentation signs them."""

from datetime import UTC, datetime

from gateways.storage.signature import Signer, digest

# The examples of "Signature Calculations for the Authorization Header" and of "Authenticating Requests: Using Query
# Parameters" in the Amazon S3 API Reference.
SIGNER = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
AT, HOST = datetime(2013, 5, 24, tzinfo=UTC), "examplebucket.s3.amazonaws.com"
BY_HEADER = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
BY_ADDRESS = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"


def test_a_request_is_signed_as_documented() -> None:
    headers = SIGNER.headers("GET", HOST, "/", digest(b""), AT, "lifecycle=")
    signed = "SignedHeaders=host;x-amz-content-sha256;x-amz-date"
    assert headers["authorization"].endswith(f"{signed}, Signature={BY_HEADER}")


def test_an_address_is_signed_as_documented() -> None:
    url = SIGNER.url(f"https://{HOST}", HOST, "/test.txt", 86400, AT, {})
    assert url.startswith(
        f"https://{HOST}/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
    )
    assert url.endswith(f"&X-Amz-Signature={BY_ADDRESS}")


def test_all_of_a_name_is_encoded_as_s3_encodes_it_before_it_signs() -> None:
    """RFC 3986 reserves what RFC 8187 is written in; encoded by halves, S3 would find another signature."""
    asked = {"response-content-disposition": "attachment; filename*=UTF-8''%D1%84(1)!.pdf"}
    url = SIGNER.url("", HOST, "/test.txt", 60, AT, asked)
    assert "response-content-disposition=attachment%3B%20filename%2A%3DUTF-8%27%27%25D1%2584%281%29%21.pdf" in url


def test_a_request_names_the_digest_of_its_body() -> None:
    body = digest(b"a bill")
    headers = SIGNER.headers("PUT", HOST, "/test.txt", body, AT)
    assert headers["x-amz-content-sha256"] == body.hex()
    assert headers["authorization"] != SIGNER.headers("PUT", HOST, "/test.txt", digest(b""), AT)["authorization"]


def test_the_secret_is_not_shown() -> None:
    assert SIGNER.secret_key not in repr(SIGNER)
