"""Packing loses and doubles nothing; reading takes what packing wrote and nothing else."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.outbox import Entry, Stream
from domain.jobs.dispatch.grouping import coalesce
from domain.jobs.lanes import LANES
from domain.jobs.priorities import MAX_OWN, rank, ranked
from tasks.message import ForgedMessage, body, read

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
