"""Each organization has one data key, which is made once, never lost, and seldom asked for."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier

import pytest

from db.transaction import savepoint, transaction
from domain import encryption, master_keys
from domain.master_keys import Undecryptable
from tests import chain
from tests.integration.encryption.test_values import COLUMN, ROW, SECRET, decrypted, encrypted
from tests.tenant import new_tenant
from tests.waiting import wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def while_another_waits(
    organization_id: int, pool: ThreadPoolExecutor, and_fail: bool = False
) -> tuple[bytes, Future[bytes]]:
    """Make the key in a transaction that ends once another one waits for it; return both values."""
    with transaction() as session:
        first = encryption.encrypt(session, organization_id, COLUMN, ROW, SECRET)
        second = pool.submit(encrypted, organization_id)
        wait_until(lambda: chain.value(WAITING) == 1, 5, "the second did not wait for the first")
        if and_fail:
            session.rollback()
    return first, second


def test_two_that_make_the_first_key_at_once_end_with_one(master_key, organization):
    with ThreadPoolExecutor(1) as pool:
        first, other = while_another_waits(organization.id, pool)
        second = other.result()
    assert chain.value("SELECT count(*) FROM data_keys") == 1
    assert [decrypted(organization.id, value) for value in (first, second)] == [SECRET, SECRET]


def test_the_second_makes_the_key_if_the_first_is_rolled_back(master_key, organization):
    with ThreadPoolExecutor(1) as pool:
        first, other = while_another_waits(organization.id, pool, and_fail=True)
        second = other.result()
    assert decrypted(organization.id, second) == SECRET
    with pytest.raises(Undecryptable):
        decrypted(organization.id, first)


def test_many_threads_that_begin_at_once_end_with_one_key_each_organization(master_key):
    tenants, threads = [new_tenant(f"Tenant {n}") for n in range(4)], 4
    begin = Barrier(threads)

    def encrypt_all(_: int) -> list[tuple[int, bytes]]:
        begin.wait()
        return [(tenant.id, encrypted(tenant.id)) for tenant in tenants]

    with ThreadPoolExecutor(threads) as pool:
        values = [pair for pairs in pool.map(encrypt_all, range(threads)) for pair in pairs]
    assert chain.value("SELECT count(*) FROM data_keys") == len(tenants)
    assert {decrypted(organization_id, value) for organization_id, value in values} == {SECRET}


@pytest.mark.parametrize("within_a_savepoint", [False, True])
def test_a_key_that_was_rolled_back_encrypts_nothing_afterwards(master_key, organization, within_a_savepoint):
    def make_and_fail(session):
        value = encryption.encrypt(session, organization.id, COLUMN, ROW, SECRET)
        assert encryption.decrypt(session, organization.id, COLUMN, ROW, value) == SECRET
        raise ZeroDivisionError

    if within_a_savepoint:
        with transaction() as session:
            with pytest.raises(ZeroDivisionError), savepoint(session):
                make_and_fail(session)
            value = encryption.encrypt(session, organization.id, COLUMN, ROW, SECRET)
    else:
        with pytest.raises(ZeroDivisionError), transaction() as session:
            make_and_fail(session)
        value = encrypted(organization.id)
    encryption._unwrapped._kept.clear()
    assert decrypted(organization.id, value) == SECRET


def test_a_thousand_values_of_one_organization_are_decrypted_by_one_question(master_key, organization, statements):
    value = encrypted(organization.id)
    asked = statements.copy()
    for _ in range(1000):
        assert decrypted(organization.id, value) == SECRET
    assert len([one for one in statements[len(asked) :] if "data_keys" in one]) == 1


def test_a_key_is_asked_for_again_after_a_while(master_key, organization, monkeypatch):
    value = encrypted(organization.id)
    monkeypatch.setattr(encryption, "KEPT_S", 0.0)
    assert decrypted(organization.id, value) == SECRET
    assert encryption._unwrapped.find(organization.id, encryption.HEADER.unpack_from(value)[1]) is None


def test_no_more_keys_are_kept_than_is_said_and_none_whose_time_is_over(monkeypatch):
    monkeypatch.setattr(encryption, "MOST_KEPT", 3)
    keys, kept = [encryption.AESGCM(bytes([n]) * 32) for n in range(6)], encryption.UnwrappedKeys()
    for n, key in enumerate(keys):
        kept.keep(n, n, key)
    assert [kept.find(n, n) for n in range(6)] == [None, None, None, *keys[3:]]
    kept.keep(4, 4, keys[0])
    assert [kept.find(n, n) for n in (3, 4, 5)] == [keys[3], keys[0], keys[5]], "one that is kept again makes no more"
    kept.keep(3, 3, keys[1])
    kept.keep(6, 6, keys[2])
    assert [kept.find(n, n) for n in (3, 4, 5, 6)] == [keys[1], keys[0], None, keys[2]]
    monkeypatch.setattr(encryption, "KEPT_S", -1.0)
    over = encryption.UnwrappedKeys()
    for n, key in enumerate(keys):
        over.keep(n, n, key)
    assert list(over._kept) == [(5, 5)]


def test_in_a_restored_database_the_key_of_an_id_may_be_another_one(master_key, organization):
    """Decrypting goes on without a restart: what was kept under that id opens nothing."""
    decrypted(organization.id, encrypted(organization.id))
    [known] = master_keys.known()
    chain.ask("UPDATE data_keys SET wrapped = %s", known.wrap(bytes(32)))
    value = encrypted(organization.id)
    assert [decrypted(organization.id, value) for _ in range(2)] == [SECRET, SECRET]
