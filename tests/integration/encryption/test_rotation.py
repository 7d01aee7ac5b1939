"""A new master key takes over from an older one while everything runs, and whatever is killed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import psycopg
import pytest
from click.testing import CliRunner

import settings
from cli.main import counterfoil
from counterfoil.crashkit.fuse import killed_at, points
from db.engine import owner_url
from domain import encryption, master_keys
from domain.master_keys import MasterKeyLacking, Rotation
from tests import chain
from tests.conftest import configure
from tests.integration.encryption.test_values import SECRET, decrypted, encrypted
from tests.tenant import new_tenant
from tests.waiting import wait_until

KEYS = 5
WRAPPED = "SELECT id, wrapped FROM data_keys ORDER BY id"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
COUNTED = "SELECT count(*) FROM data_keys WHERE master_key_id = %s"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(master_keys, "BATCH", 2)


@pytest.fixture
def values(master_key: str) -> list[tuple[int, bytes]]:
    """A value of each of some organizations, under the only master key there is."""
    tenants = [new_tenant(f"Tenant {n}") for n in range(KEYS)]
    return [(tenant.id, encrypted(tenant.id)) for tenant in tenants]


@pytest.fixture
def old_key(values: list[tuple[int, bytes]], master_key: str) -> str:
    """The id of that master key; the settings have a new one before it."""
    configure(master_keys=f"{master_keys.new_key()},{master_key}")
    return master_keys.known()[1].id


def current() -> str:
    return master_keys.current().id


def all_are_read(values: list[tuple[int, bytes]]) -> bool:
    """Return whether each value is read by a process that has unwrapped no key yet."""
    encryption._unwrapped._kept.clear()
    return {decrypted(*value) for value in values} == {SECRET}


def take_out_the_old_key() -> None:
    encryption._unwrapped._kept.clear()
    configure(master_keys=settings.current().master_keys.split(",")[0])


def test_after_a_rotation_the_old_master_key_is_needed_no_more(values, old_key):
    before = chain.rows(WRAPPED)
    assert master_keys.rotate() == Rotation(rewrapped=KEYS, current=0, older=0)
    after = chain.rows(WRAPPED)
    assert [one for one in before if one in after] == []
    assert all_are_read(values)
    take_out_the_old_key()
    assert all_are_read(values)
    assert master_keys.rotate() == Rotation(0, KEYS, 0)
    assert chain.rows(WRAPPED) == after, "what is current is written again"


def test_a_rotation_may_be_killed_at_every_point_and_is_run_again(values, old_key):
    before = dict(chain.rows(WRAPPED))
    kept = chain.rows("SELECT wrapped, master_key_id, id FROM data_keys")
    names = points(master_keys.rotate)
    assert len([name for name in names if name == "before commit"]) > KEYS // 2, "the hooks are blind"
    halfway = 0
    for at, name in enumerate(names):
        for row in kept:
            chain.ask("UPDATE data_keys SET wrapped = %s, master_key_id = %s WHERE id = %s", *row)
        assert killed_at(at, master_keys.rotate) == name
        left = chain.value(COUNTED, old_key)
        halfway += 0 < left < KEYS
        assert all_are_read(values), f"killed {name}, a value cannot be read"
        assert master_keys.rotate() == Rotation(KEYS - (done := KEYS - left), done, 0)
        assert all_are_read(values), f"killed {name} and run again, a value cannot be read"
        assert not [one for one in chain.rows(WRAPPED) if before[one[0]] == one[1]]
    assert halfway > 1, "it was never killed between two batches"


@contextmanager
def half_done(*held: int) -> Iterator[psycopg.Connection]:
    """Hold the locks of another rotation that is in the middle of a batch."""
    with psycopg.connect(owner_url()) as other:
        other.execute("SELECT FROM data_keys WHERE id = ANY(%s) FOR NO KEY UPDATE", [list(held)])
        yield other


def test_a_second_rotation_waits_for_the_batch_of_the_first_and_takes_the_rest(values, old_key, master_key):
    (first, wrapped), (second, _), *_ = chain.rows(WRAPPED)
    new, old = master_keys.known()
    with ThreadPoolExecutor(1) as pool:
        with half_done(first, second) as other:
            done = pool.submit(master_keys.rotate)
            wait_until(lambda: chain.value(WAITING) == 1, 5, "it did not wait for the other's batch")
            rewrapped = new.wrap(old.unwrap(bytes(wrapped)))
            other.execute(
                "UPDATE data_keys SET wrapped = %s, master_key_id = %s WHERE id = %s", [rewrapped, new.id, first]
            )
        assert done.result() == Rotation(rewrapped=KEYS - 1, current=1, older=0)
    assert bytes(chain.rows(WRAPPED)[0][1]) == rewrapped
    assert all_are_read(values)


def test_two_rotations_at_once_end_and_rewrap_each_key_once(values, old_key):
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda _: master_keys.rotate(), range(2))
    assert one.rewrapped + two.rewrapped == KEYS
    assert (chain.value(COUNTED, current()), all_are_read(values)) == (KEYS, True)


def test_a_rotation_ends_although_another_one_takes_back_what_it_does(values, old_key, monkeypatch):
    kept = chain.rows("SELECT wrapped, master_key_id, id FROM data_keys")
    rewrap, turns = master_keys._rewrap_some, []

    def taken_back(new, after):
        turns.append(after)
        assert len(turns) <= KEYS, "the two undo each other for ever"
        ids = rewrap(new, after)
        for row in kept:
            chain.ask("UPDATE data_keys SET wrapped = %s, master_key_id = %s WHERE id = %s", *row)
        return ids

    monkeypatch.setattr(master_keys, "_rewrap_some", taken_back)
    assert master_keys.rotate() == Rotation(rewrapped=KEYS, current=0, older=KEYS)
    assert all_are_read(values)


def test_values_are_written_and_read_while_the_master_key_is_rotated(values, old_key, monkeypatch):
    monkeypatch.setattr(encryption, "KEPT_S", 0.0)  # each reads the key that is wrapped now
    over, written = Event(), []

    def write(number: int) -> int:
        count = 0
        while not over.is_set() or count < 3:
            organization_id = values[count % KEYS][0] if count % 2 else new_tenant(f"New {number} {count}").id
            written.append((organization_id, encrypted(organization_id)))
            assert decrypted(*written[-1]) == SECRET
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        wait_until(lambda: len(written) > 3, 10, "nothing was written")
        done = master_keys.rotate()
        over.set()
        counts = [writer.result() for writer in writers]
    assert (done.rewrapped, min(counts) >= 3) == (KEYS, True)
    take_out_the_old_key()
    assert all_are_read([*values, *written])


def test_a_key_made_meanwhile_by_a_part_that_knows_only_the_old_one_is_reported(
    values, old_key, master_key, monkeypatch
):
    both, rewrap, made = settings.current().master_keys, master_keys._rewrap_some, []

    def with_another_part(new, after):
        ids = rewrap(new, after)
        if not ids:
            configure(master_keys=master_key)
            tenant = new_tenant("Late")
            made.append((tenant.id, encrypted(tenant.id)))
            configure(master_keys=both)
        return ids

    monkeypatch.setattr(master_keys, "_rewrap_some", with_another_part)
    assert master_keys.rotate() == Rotation(rewrapped=KEYS, current=0, older=1)
    monkeypatch.setattr(master_keys, "_rewrap_some", rewrap)
    assert master_keys.rotate() == Rotation(rewrapped=1, current=KEYS, older=0)
    assert all_are_read([*values, *made])


def test_a_data_key_under_a_master_key_that_is_not_here_is_left_as_it_is(values, old_key):
    configure(master_keys=master_keys.new_key())
    before = chain.rows(WRAPPED)
    with pytest.raises(MasterKeyLacking, match=old_key):
        master_keys.rotate()
    assert chain.rows(WRAPPED) == before


def keys(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(counterfoil, ["keys", *arguments], standalone_mode=True)
    return done.exit_code, done.output


def test_the_command_says_how_many_and_what_to_do_next(values, old_key):
    status, told = keys("rotate-master")
    assert (status, told.splitlines()[0]) == (0, f"Master key {current()}: {KEYS} data keys rewrapped, 0 were current.")
    assert (
        f"Next: take {old_key} out of COUNTERFOIL_MASTER_KEYS of every api, worker, io and ocr, and restart them."
        in told
    )
    take_out_the_old_key()
    status, told = keys("rotate-master")
    assert (status, f"0 data keys rewrapped, {KEYS} were current." in told) == (0, True)
    assert "put a new one (`counterfoil keys master`) first in COUNTERFOIL_MASTER_KEYS" in told


def test_the_command_says_that_it_has_to_be_run_again(values, old_key, monkeypatch):
    monkeypatch.setattr(master_keys, "rotate", lambda: Rotation(4, 1, 2))
    status, told = keys("rotate-master")
    assert (status, "2 were made by an older one meanwhile" in told, "run this again" in told) == (0, True, True)


def test_the_command_refuses_in_one_line(database, organization, master_key):
    configure(master_keys="")
    assert keys("rotate-master") == (1, f"Error: {master_keys.LACKING}\n")
    configure(master_keys=master_key)
    encrypted(organization.id)
    chain.ask("UPDATE data_keys SET wrapped = decode(repeat('00', 40), 'hex')")
    configure(master_keys=f"{master_keys.new_key()},{master_key}")
    status, told = keys("rotate-master")
    assert (status, told.count("\n"), "it was changed" in told) == (1, 1, True)


def test_a_new_master_key_is_printed_as_the_setting_has_it_and_the_one_that_is_set_is_not(database, master_key):
    status, told = keys("master")
    assert (status, told.startswith("Put it before what is set already"), master_key in told) == (0, True, False)
    configure(master_keys="")
    printed = {keys("master") for _ in range(2)}
    assert len(printed) == 2
    for status, told in printed:
        name, _, key = told.strip().partition("=")
        assert (status, name) == (0, "COUNTERFOIL_MASTER_KEYS")
        configure(master_keys=key)
        assert len(master_keys.current().key) == 32
