"""The doctor sees secrets that can be guessed, and repeats none of them."""

import pytest

from tests.conftest import configure
from tests.integration.doctor.found import found, verdict

GOOD = "6f1c0a83be1d4c52970c"


@pytest.mark.parametrize(
    ("setting", "holds", "variable"),
    [
        ("cron_secret", "{}", "COUNTERFOIL_CRON_SECRET"),
        ("master_keys", "{}", "COUNTERFOIL_MASTER_KEYS"),
        ("flower_basic_auth", f"one:{GOOD},two:{{}}", "COUNTERFOIL_FLOWER_BASIC_AUTH"),
        ("broker_url", "redis://part:{}@broker:6379/0", "BROKER_URL"),
        ("database_owner_url", "postgresql://owner:{}@host/counterfoil", "DATABASE_OWNER_URL"),
    ],
)
@pytest.mark.parametrize("weak", ["changeme", "aaaaabbbbbaaaaabbbbb"])
def test_a_secret_that_can_be_guessed(database, setting, holds, variable, weak):
    configure(**{setting: holds.format("e0b94d71c6a25f38")})
    assert verdict("secrets") == "ok"
    configure(**{setting: holds.format(weak)})
    line = found("secrets")
    assert (line.verdict, line.measured) == ("wrong", f"too easy to guess: that of {variable}")


def test_one_secret_for_two_doors(database):
    configure(cron_secret=GOOD, flower_basic_auth=f"one:{GOOD}")
    line = found("secrets")
    assert (line.verdict, GOOD in line.measured + line.remedy) == ("warning", False)
    assert "COUNTERFOIL_CRON_SECRET, COUNTERFOIL_FLOWER_BASIC_AUTH" in line.measured
