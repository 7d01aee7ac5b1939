"""A storage that cannot be one is refused with the name of the variable, and its secret is never shown."""

import pytest

from settings import ConfigurationError, load

URL = "COUNTERFOIL_STORAGE_URL"


@pytest.mark.parametrize("url", ["file:///srv/files", "file:///a%20folder", "s3://bucket", "s3://bucket/a/prefix"])
def test_a_folder_and_a_bucket_are_taken(url: str) -> None:
    assert load({URL: url}).storage_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (URL, "/srv/files"),
        (URL, "file://srv/files"),
        (URL, "file:///"),
        (URL, "s3:///prefix"),
        (URL, "s3://under_score"),
        (URL, "gs://bucket"),
        (URL, "http://["),
        ("COUNTERFOIL_STORAGE_ENDPOINT", "rustfs:9000"),
        ("COUNTERFOIL_STORAGE_ENDPOINT", "http://rustfs:9000/path"),
        ("COUNTERFOIL_STORAGE_PUBLIC_ENDPOINT", "ftp://files.example.com"),
    ],
)
def test_anything_else_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        load({name: value})


def test_the_keys_are_not_shown() -> None:
    given = load({"COUNTERFOIL_STORAGE_ACCESS_KEY": "abracadabra", "COUNTERFOIL_STORAGE_SECRET_KEY": "sesame"})
    assert "abracadabra" not in repr(given)
    assert "sesame" not in repr(given)
