"""A configuration that cannot work is refused with the name of the variable to change."""

import base64
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import ConfigurationError, Settings, broker_url, current, database_url, load, unknown, use, variable

ORDER = ("statement_timeout", "http_timeout", "task_timeout", "lease")


def test_nothing_set_means_the_defaults():
    assert load({}) == Settings()
    assert load({"COUNTERFOIL_LEASE": ""}) == Settings()


@given(st.lists(st.integers(3, 40), min_size=len(ORDER), max_size=len(ORDER)))
def test_timeouts_must_stand_in_order(values):
    environ = {variable(name): str(value) for name, value in zip(ORDER, values, strict=True)}
    environ |= {"COUNTERFOIL_DIRECT_BUDGET": "1", "COUNTERFOIL_LOCK_TIMEOUT": "1"}
    if all(shorter < longer for shorter, longer in pairwise(values)):
        assert [getattr(load(environ), name) for name in ORDER] == values
    else:
        with pytest.raises(ConfigurationError, match="must be shorter than COUNTERFOIL_"):
            load(environ)


def test_who_waits_for_the_direct_path_is_answered_in_time():
    with pytest.raises(ConfigurationError, match=r"DIRECT_BUDGET .* must be shorter than COUNTERFOIL_HTTP"):
        load({"COUNTERFOIL_DIRECT_BUDGET": "20"})


def test_two_waits_for_a_lock_end_before_the_statement_does():
    with pytest.raises(ConfigurationError, match=r"LOCK_TIMEOUT \(8 s\) must be shorter than half of .*STATEMENT_"):
        load({"COUNTERFOIL_LOCK_TIMEOUT": "8"})


@given(st.text().filter(lambda text: text and not re.fullmatch(r"\s*[+]?[\d_]+\s*", text)))
def test_a_number_that_is_none_is_refused_by_name(text):
    with pytest.raises(ConfigurationError, match="COUNTERFOIL_LEASE must be a whole number above zero"):
        load({"COUNTERFOIL_LEASE": text})


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "60s", "NaN"])
def test_a_duration_is_a_whole_number_above_zero(text):
    with pytest.raises(ConfigurationError, match="COUNTERFOIL_LEASE"):
        load({"COUNTERFOIL_LEASE": text})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_a_database_url_is_spelled_as_libpq_reads_it(scheme):
    assert database_url(f"{scheme}://u:p@h:1/d?x=1") == "postgresql://u:p@h:1/d?x=1"


def test_a_database_url_may_name_several_servers():
    url = "postgresql://u:p@one:5432,two:5433/d?target_session_attrs=read-write"
    assert database_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["mysql://h/d", "postgresql://h", "postgresql://h/", "nonsense", "postgresql://h:x/d", "postgresql://h:1,k:x/d"],
)
def test_a_bad_database_url_is_refused(url):
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        database_url(url)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("valkey://h:1/0", "redis://h:1/0"),
        ("valkeys://h:1/0", "rediss://h:1/0"),
        ("redis://:p@h/0", "redis://:p@h/0"),
        ("amqp://u:p@h//", "amqp://u:p@h//"),
    ],
)
def test_a_broker_url_is_spelled_as_celery_knows_it(url, known):
    assert broker_url(url) == known


@pytest.mark.parametrize("url", ["http://h", "redis://", "redis://h:99999/0", "memory://"])
def test_a_bad_broker_url_is_refused(url):
    with pytest.raises(ConfigurationError, match="BROKER_URL"):
        broker_url(url)


def test_secrets_are_not_shown():
    settings = load({"DATABASE_URL": "postgresql://u:canary@h/d", "BROKER_URL": "redis://:canary@h/0"})
    assert "canary" not in repr(settings)


ONE, TWO = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
MASTER, MASTER_FILE = "COUNTERFOIL_MASTER_KEYS", "COUNTERFOIL_MASTER_KEYS_FILE"


@pytest.mark.parametrize("text", [f"{ONE},{TWO}", f" {ONE} , {TWO} ", f"{ONE}\n{TWO}\n", f"\n{ONE},\r\n{TWO},\n"])
def test_master_keys_are_read_from_the_variable_or_from_a_file(tmp_path, text):
    (tmp_path / "keys").write_bytes(text.encode())
    for environ in ({MASTER: text}, {MASTER_FILE: str(tmp_path / "keys")}):
        settings = load(environ)
        assert settings.master_keys.split(",") == [ONE, TWO]
        assert ONE not in repr(settings)


@pytest.mark.parametrize("bad", ["canary", f"{ONE},canary", f"{ONE};{TWO}", ONE[:-5], ONE + ONE, f"{ONE} {TWO}"])
def test_a_master_key_that_is_none_is_refused_by_name_and_not_repeated(tmp_path, bad):
    (tmp_path / "keys").write_text(bad)
    for environ in ({MASTER: bad}, {MASTER_FILE: str(tmp_path / "keys")}):
        with pytest.raises(ConfigurationError, match=f"^{next(iter(environ))} must be base64 of 32 bytes") as refused:
            load(environ)
        assert not [word for word in ("canary", ONE[:20]) if word in str(refused.value)]


@pytest.mark.parametrize(
    ("content", "told"), [(None, "cannot be read: No such file"), (b"\xff", "it is no text"), (b" \n", "holds no key")]
)
def test_a_file_without_master_keys_is_refused_by_name(tmp_path, content, told):
    if content is not None:
        (tmp_path / "keys").write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"^{MASTER_FILE} .*{told}"):
        load({MASTER_FILE: str(tmp_path / "keys")})


def test_which_master_keys_are_meant_is_never_guessed(tmp_path):
    (tmp_path / "keys").write_text(ONE)
    with pytest.raises(ConfigurationError, match="not both"):
        load({MASTER: ONE, MASTER_FILE: str(tmp_path / "keys")})


def test_settings_are_replaced_as_a_whole_and_read_when_they_are_used():
    before = current()
    try:
        use(replace(before, lease=before.lease + 1))
        assert current().lease == before.lease + 1
    finally:
        use(before)
    assert current() is before


@pytest.mark.parametrize("name", ["COUNTERFOIL_API_PORT", "COUNTERFOIL_FLOWER_PORT"])
def test_a_port_that_cannot_be_is_refused_by_name(name):
    with pytest.raises(ConfigurationError, match=f"{name} must be a port, at most 65535, not 99999"):
        load({name: "99999"})


def test_a_variable_that_is_no_setting_is_named_with_the_nearest():
    assert unknown({"COUNTERFOIL_LEESE": "1", "COUNTERFOIL_LEASE": "2", "HOME": "/"}) == [
        "COUNTERFOIL_LEESE is no setting; did you mean COUNTERFOIL_LEASE?"
    ]
    assert unknown({"COUNTERFOIL_QQQQQQQ": "1"}) == ["COUNTERFOIL_QQQQQQQ is no setting; docs/settings.md lists them"]


@pytest.mark.parametrize("text", ["2", "yes", "true", "-1", "01", " 1"])
def test_a_switch_is_on_or_off(text):
    assert [load({"COUNTERFOIL_WEBHOOK_ALLOW_HTTP": switch}).webhook_allow_http for switch in "01"] == [0, 1]
    with pytest.raises(ConfigurationError, match="COUNTERFOIL_WEBHOOK_ALLOW_HTTP must be 0 or 1, not"):
        load({"COUNTERFOIL_WEBHOOK_ALLOW_HTTP": text})


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "localhost", "10.0.0.0/8;fd00::/8", "10.0.0.0-10.1.0.0"])
def test_a_network_that_is_none_is_refused_by_name(text):
    assert load({"COUNTERFOIL_WEBHOOK_ALLOWED_NETWORKS": "10.0.0.0/8, fd00::/8,127.0.0.1"}).webhook_allowed_networks
    with pytest.raises(ConfigurationError, match="COUNTERFOIL_WEBHOOK_ALLOWED_NETWORKS must be networks such as"):
        load({"COUNTERFOIL_WEBHOOK_ALLOWED_NETWORKS": text})
