"""Nothing is sent while a transaction is open: neither by a handler nor by whoever else forgets."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from db.transaction import is_open, report, statement, transaction
from domain.jobs.execution import run_jobs
from domain.jobs.registry import Kind
from gateways.http import Receiver
from tests import chain
from tests.integration.gateways.receivers import answering, serving
from tests.integration.jobs.test_moves import owe

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.mark.parametrize("block", [transaction, statement, report])
def test_a_block_is_open_until_it_is_left(database, block):
    assert not is_open()
    with block():
        assert is_open()
        with transaction():
            assert is_open()
        assert is_open()
    assert not is_open()
    with pytest.raises(ZeroDivisionError), block():
        raise ZeroDivisionError
    assert not is_open()


def test_a_block_that_another_thread_leaves_is_open_in_none(database):
    block = transaction()
    with ThreadPoolExecutor(1) as other:
        other.submit(block.__enter__).result()
        assert (is_open(), other.submit(is_open).result()) == (False, True)
        block.__exit__(None, None, None)
        assert (is_open(), other.submit(is_open).result()) == (False, False)


def test_a_handler_that_calls_outside_in_its_transaction_fails_with_that_word_and_nothing_is_sent(organization):
    with serving(answering()) as server, Receiver(server.url()) as receiver:
        kind = Kind("probe", lambda _context, _jobs: [{"status": receiver.post({}, b"").status}], group=1)
        assert run_jobs(kind, [owe(organization.id, max_attempts=1)])
        assert server.connections == 0
    [(status, error)] = chain.rows("SELECT status, error FROM jobs")
    assert (status, "inside a transaction" in error) == ("FAILED", True)


def test_what_a_handler_does_outside_is_sent_by_its_threads_too(organization):
    with serving(answering()) as server, Receiver(server.url()) as receiver:

        def act() -> list[int]:
            with ThreadPoolExecutor(2) as pool:
                told = [receiver.post({}, b""), *pool.map(lambda _: receiver.post({}, b""), range(3))]
            return [answer.status for answer in told]

        def handler(_context, _jobs):
            return [{"statuses": (yield act)}]

        assert run_jobs(Kind("probe", handler, outside=True), [owe(organization.id)]) == []
    assert chain.rows("SELECT status, result FROM jobs") == [("COMPLETED", {"statuses": [200] * 4})]
