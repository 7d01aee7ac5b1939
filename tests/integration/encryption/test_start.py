"""A part that would need a master key that it was not given does not start; those that need none never do."""

import pytest

import settings
from domain import master_keys
from local.part import COUNTERFOIL, Part
from local.process import free_port
from settings import child_environment
from tests.integration.encryption.test_values import encrypted
from tests.integration.local.running_stack import counterfoil

NEEDING = ["api", "worker", "keys rotate-master"]


def environment(keys: str) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.current().database_url,
        "BROKER_URL": settings.current().broker_url,
        "COUNTERFOIL_MASTER_KEYS": keys,
        "COUNTERFOIL_API_PORT": str(free_port()),
    }


def refused(part: str, keys: str) -> str:
    """Return the one line of a part, or another command, that did not start."""
    done = counterfoil(*part.split(), **environment(keys))
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, ""), done.stderr
    return done.stderr


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("part", NEEDING)
def test_a_part_without_a_master_key_that_a_data_key_needs_refuses_to_start(
    master_key, organization, broker, part, others
):
    encrypted(organization.id)
    [needed] = master_keys.known()
    given = master_keys.new_key() if others else ""
    told = refused(part, given)
    lacking = f"counterfoil: COUNTERFOIL_MASTER_KEYS lacks master keys that data keys need: {needed.id} (data keys: 1);"
    assert told.startswith(lacking)
    assert not [key for key in (master_key, given) if key and key in told]


@pytest.mark.parametrize("part", NEEDING)
def test_a_master_key_that_is_none_stops_a_part_and_is_not_repeated(database, broker, part):
    told = refused(part, "canary")
    assert told.startswith("counterfoil: COUNTERFOIL_MASTER_KEYS must be base64 of 32 bytes")
    assert "canary" not in told


@pytest.mark.parametrize(
    ("part", "keys"), [("api", "new,old"), ("worker", "new,old"), ("relay", ""), ("beat", ""), ("flower", "")]
)
def test_a_part_starts_with_the_master_keys_that_it_needs(master_key, organization, broker, part, keys):
    encrypted(organization.id)
    given = keys and f"{master_keys.new_key()},{master_key}"
    lines: list[str] = []
    port = str(free_port())
    env = child_environment(**environment(given), COUNTERFOIL_FLOWER_PORT=port)
    health = f"http://127.0.0.1:{port}" if part == "flower" else ""
    with Part(part, [*COUNTERFOIL, part], env, lines.append, health):
        pass
    assert not [line for line in lines for key in (master_key, *filter(None, given.split(","))) if key in line]
