"""The doctor sees a master key that is lacking, and one that can be taken out once the keys are rotated."""

import pytest

import settings
from domain import master_keys
from tests import chain
from tests.conftest import configure
from tests.integration.doctor.found import found, verdict

ADD = """INSERT INTO data_keys (organization_id, wrapped, master_key_id)
    VALUES (%s, decode(repeat('00', 40), 'hex'), %s)"""


@pytest.fixture
def wrapped(database, organization, other_organization) -> list[str]:
    """Two master keys, each of which wraps a data key; this process was given none."""
    keys = [master_keys.new_key() for _ in range(2)]
    configure(master_keys=",".join(keys))
    for tenant, key in zip((organization, other_organization), master_keys.known(), strict=True):
        chain.ask(ADD, tenant.id, key.id)
    configure(master_keys="")
    return keys


def named(key: str) -> str:
    """Return what is said of the master key that wraps one data key."""
    before = settings.current().master_keys
    configure(master_keys=key)
    [known] = master_keys.known()
    configure(master_keys=before)
    return f"{known.id} (data keys: 1)"


def test_without_data_keys_nothing_is_lacking(database):
    assert verdict("encryption") == "ok"


def test_a_master_key_that_is_lacking(wrapped):
    one, two = wrapped
    configure(master_keys=one)
    line = found("encryption")
    assert (line.verdict, line.measured) == ("wrong", f"COUNTERFOIL_MASTER_KEYS lacks {named(two)}")
    assert "every api, worker, io and ocr" in line.remedy


def test_a_process_that_has_none_cannot_see_it(wrapped):
    line = found("encryption")
    assert (line.verdict, "environment of an api or worker" in line.remedy) == ("unknown", True)
    assert all(named(key) in line.measured for key in wrapped)


def test_data_keys_that_an_older_master_key_still_wraps(wrapped):
    one, two = wrapped
    configure(master_keys=f"{two},{one}")
    line = found("encryption")
    assert (line.verdict, line.measured) == ("warning", f"an older master key still wraps some: {named(one)}")
    assert "`counterfoil keys rotate-master`" in line.remedy
    chain.ask("UPDATE data_keys SET master_key_id = %s", named(two)[:8])
    assert found("encryption").measured == "the first master key wraps all 2 data keys"
    assert verdict("encryption") == "ok"
