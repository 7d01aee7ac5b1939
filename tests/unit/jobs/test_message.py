"""Packing loses and doubles nothing; reading takes what packing wrote and nothing else."""

import zlib
from collections import Counter
from math import ceil

import amqp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.outbox import Entry, Stream
from domain.jobs.dispatch.grouping import coalesce
from domain.jobs.lanes import LANES
from domain.jobs.priorities import MAX_OWN, rank, ranked
from tasks.message import ForgedMessage, body, read, read_headers
from tasks.transport import AmqpMessage

SIZES = {"invoice": 3, "webhook": 1}


def size(kind: str) -> int:
    return SIZES.get(kind, 1)


def most(kind: str, group_limit: int | None) -> int:
    return min(size(kind), group_limit or size(kind))


ENTRY = st.builds(
    Entry,
    job_id=st.integers(1, 2**63 - 1),
    stream=st.builds(
        Stream,
        lane=st.sampled_from(LANES),
        priority=st.sampled_from([0, 1, MAX_OWN, ranked(2), ranked(3)]),
        organization_id=st.integers(1, 3),
        kind=st.sampled_from(["invoice", "webhook", "unknown here"]),
    ),
    group_key=st.sampled_from(["", "a", "b"]),
    group_limit=st.none() | st.integers(1, 4),
)
ENTRIES = st.lists(ENTRY, unique_by=lambda entry: entry.job_id, max_size=30)


@given(ENTRIES)
def test_every_entry_is_in_exactly_one_message(entries):
    sent = [job_id for message in coalesce(entries, size) for job_id in message.job_ids]
    assert sorted(sent) == sorted(entry.job_id for entry in entries)


@given(ENTRIES)
def test_a_message_is_of_one_kind_and_lane_and_no_larger_than_a_group(entries):
    of = {entry.job_id: entry for entry in entries}
    for message in coalesce(entries, size):
        carried = [of[job_id] for job_id in message.job_ids]
        assert {(entry.stream.kind, entry.stream.lane) for entry in carried} == {(message.kind, message.lane)}
        assert len({rank(entry.stream.priority) for entry in carried}) == 1
        assert len({entry.group_limit for entry in carried}) == 1
        assert 1 <= len(carried) <= most(message.kind, carried[0].group_limit)


@given(ENTRIES)
def test_first_lanes_and_high_ranks_go_first(entries):
    of = {entry.job_id: entry for entry in entries}
    firsts = [of[message.job_ids[0]] for message in coalesce(entries, size)]
    ranks = [(LANES.index(entry.stream.lane), -rank(entry.stream.priority)) for entry in firsts]
    assert ranks == sorted(ranks)


@given(ENTRIES)
def test_there_are_no_more_messages_than_needed(entries):
    classes = Counter((e.stream.lane, rank(e.stream.priority), e.stream.kind, e.group_limit) for e in entries)
    needed = sum(ceil(count / most(kind, group_limit)) for (_, _, kind, group_limit), count in classes.items())
    assert len(list(coalesce(entries, size))) == needed


@given(ENTRIES)
def test_entries_of_a_group_key_stand_together(entries):
    of = {entry.job_id: entry for entry in entries}
    for message in coalesce(entries, size):
        keys = [of[job_id].group_key for job_id in message.job_ids]
        assert keys == sorted(keys)


@given(st.lists(st.integers(1, 2**63 - 1)))
def test_what_was_written_is_read(job_ids):
    assert read((), body(job_ids)) == job_ids


@given(st.lists(st.integers()), st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.none())))
def test_anything_else_is_refused(arguments, body):
    with pytest.raises(ForgedMessage):
        read(arguments, body)


def test_a_message_from_rabbitmq_is_not_decompressed():
    packed = zlib.compress(b"[[], {}, {}]")
    sent = {"application_headers": {"compression": "application/x-gzip"}, "content_type": "application/json"}
    message = amqp.Message(packed, **sent)
    message.delivery_info = {"delivery_tag": 1}
    received = AmqpMessage(message)
    assert received.body == packed
    [(kind, error, _)] = received.errors
    assert (kind, str(error).partition(":")[0]) == (ForgedMessage, "compressed")


@pytest.mark.parametrize(
    "name",
    [
        "compression",
        "eta",
        "timelimit",
        "expires",
        "retries",
        "shadow",
        "chord",
        "chain",
        "callbacks",
        "errbacks",
        "group",
    ],
)
@pytest.mark.parametrize("value", ["1", 1, [None, 1], {"a": 1}])
def test_a_header_that_asks_for_more_than_the_call_is_refused(name, value):
    with pytest.raises(ForgedMessage, match=name):
        read_headers({"task": "a.kind", "id": "1", name: value})


def test_headers_that_say_nothing_or_are_unknown_are_dropped():
    said = {"task": "a.kind", "id": "1", "eta": None, "timelimit": [None, None], "retries": 0, "traceparent": "00-1"}
    assert read_headers(said) == {"task": "a.kind", "id": "1"}
    beats = {"task": "queue.sweep", "expires": "2026-01-01T00:00:00Z", "timelimit": [30, None]}
    assert read_headers(beats, periodic=True) == {"task": "queue.sweep", "expires": "2026-01-01T00:00:00Z"}
