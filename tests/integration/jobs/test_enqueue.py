"""A program enqueues in a transaction of its own: its rows and the job are there together, or neither is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.jobs import NewJob
from domain.jobs.lifecycle import Status
from domain.jobs.submission import enqueue, enqueue_jobs
from tests import chain
from tests.scenarios.jobs import KIND, state

WRITTEN = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM jobs), (SELECT count(*) FROM outbox)"
Opener = Callable[[str], AbstractContextManager[Any]]


@contextmanager
def session(url: str) -> Iterator[Session]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with Session(engine) as session, session.begin():
        session.execute(text("INSERT INTO orders VALUES (7)"))
        yield session
    engine.dispose()


@contextmanager
def connection(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO orders VALUES (7)")
        yield connection


@contextmanager
def block(url: str) -> Iterator[psycopg.Connection]:
    """A block within a connection that otherwise commits each statement, with rows of another type."""
    with (
        psycopg.connect(url, autocommit=True, row_factory=psycopg.rows.dict_row) as connection,
        connection.transaction(),
    ):
        connection.execute("INSERT INTO orders VALUES (7)")
        yield connection


@pytest.fixture
def orders(database: str) -> str:
    chain.ask("CREATE TABLE orders (number bigint)")
    return database


@pytest.fixture(params=[session, connection, block], ids=lambda opened: opened.__name__)
def opened(request: pytest.FixtureRequest) -> Opener:
    return request.param


def test_it_is_there_once_its_transaction_has_committed_and_then_it_runs(orders, broker, organization, opened):
    with opened(orders) as own:
        [job_id] = enqueue(own, organization.id, KIND, [("", organization.request().payload())])
        assert chain.rows(WRITTEN) == [(0, 0, 0)], "it did not wait for the commit"
    assert chain.rows(WRITTEN) == [(1, 1, 1)]
    chain.connect_celery()
    chain.recover()
    assert state(job_id) == (Status.COMPLETED, 1)


def test_nothing_is_left_of_what_rolls_back(orders, organization, opened):
    def interrupted() -> None:
        with opened(orders) as own:
            enqueue(own, organization.id, KIND, [("", organization.request().payload())] * 30)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert chain.rows(WRITTEN) == [(0, 0, 0)]


def test_a_job_for_nobody_is_refused_in_the_words_of_ones_own_driver(orders, opened):
    with pytest.raises((IntegrityError, psycopg.errors.ForeignKeyViolation)) as refused, opened(orders) as own:
        enqueue(own, 10**6, KIND, [("", {})])
    assert isinstance(refused.value, IntegrityError) == (opened is session)
    assert chain.rows(WRITTEN) == [(0, 0, 0)]


def test_a_job_for_nobody_among_others_has_none_of_them_written(orders, organization, opened):
    jobs = [NewJob(organization.id, {}), NewJob(10**6, {}), NewJob(organization.id, {})]
    with pytest.raises((IntegrityError, psycopg.errors.ForeignKeyViolation)), opened(orders) as own:
        enqueue_jobs(own, KIND, jobs)
    assert chain.rows(WRITTEN) == [(0, 0, 0)]
