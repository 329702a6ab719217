"""What follows from the frames of the feed, whatever way they are cut."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contrib.issuer import API_KEY, START, masked
from vestibule.contrib.feed import Entry, Frame, merge, read_frame
from vestibule.kernel.pseudonym import pseudonym

LEEWAY = 10
WINDOW = 300.0
CLAIMS = {
    "iss": "i",
    "reader": masked("reader"),
    "iat": START,
    "epoch": "e",
    "cursor": 3,
    "snapshot": True,
    "window": 300,
    "entries": [],
}


def frame(cursor, *entries, epoch="e", snapshot=False, at=START):
    return Frame(at, epoch, cursor, snapshot, WINDOW, entries)


def snapshot(cursor, *entries, **more):
    return frame(cursor, *entries, snapshot=True, **more)


def after(*frames, now=START):
    known: Any = None
    for each in frames:
        known = merge(known, each, now, LEEWAY)
    return known


def test_the_handle_is_the_one_of_the_contract():
    """Computed by `printf 'session:555555555555555555555555' | openssl dgst -sha256 -hmac <key>`."""
    assert pseudonym(API_KEY, "session:" + "5" * 24) == "0956c951916dc4784091c9f6ac6b4fda"
    assert len(pseudonym(API_KEY, "reader")) == 32


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "other"},
        {"iss": None},
        {"reader": None},
        {"reader": masked("other")},
        {"iat": START + 61},
        {"iat": START - 61},
        {"iat": "0"},
        {"iat": True},
        {"epoch": 1},
        {"cursor": "3"},
        {"cursor": None},
        {"snapshot": 1},
        {"window": -1},
        {"window": None},
        {"entries": {}},
        {"entries": [{}]},
        {"entries": ["s"]},
        {"entries": [{"at": "0", "session": "s"}]},
    ],
)
def test_a_frame_that_is_not_understood(change):
    assert read_frame(CLAIMS, "i", API_KEY, START) is not None
    assert read_frame({**CLAIMS, **change}, "i", API_KEY, START) is None


def test_reading_entries():
    listed = [
        {"at": 1, "session": "s"},
        {"at": 2.5, "user": "u"},
        {"at": 3, "user": "u", "roles": ["a"]},
        {"at": 4, "user": "u", "roles": None},
        {"at": 5, "organisation": "o"},
    ]
    read: Any = read_frame({**CLAIMS, "entries": listed}, "i", API_KEY, START)
    assert read.entries == (
        Entry(1, session="s"),
        Entry(2.5, user="u"),
        Entry(3, user="u", roles=("a",)),
        Entry(4, user="u"),  # what is not understood closes
        Entry(5),
    )


def test_a_snapshot_forgets_what_was_known():
    known = after(snapshot(3, Entry(START, session="s")), snapshot(4, Entry(START, user="u")))
    assert (known.sessions, known.users, known.position) == ({}, {"u": START}, "e-4")


def test_a_frame_must_follow():
    first = snapshot(3)
    assert after(frame(3)) is None
    assert after(first, frame(2)) is None
    assert after(first, frame(4, epoch="other")) is None
    assert after(first, frame(3)).cursor == 3
    assert after(first, frame(9)).cursor == 9


def test_an_old_snapshot_says_nothing():
    first = snapshot(3, Entry(START, session="s"))
    assert after(first, snapshot(2)) is None
    assert after(first, snapshot(9, epoch="old", at=START - 1)) is None
    assert after(first, snapshot(0, epoch="new", at=START)).position == "new-0"


def test_a_snapshot_that_was_cut_may_end_before_what_was_known():
    first = replace(snapshot(1_000), has_more=True)
    assert after(snapshot(5_000), first, frame(5_001)).cursor == 5_001
    assert after(snapshot(5_000), replace(first, signed_at=START - 1)) is None


def test_entries_end_with_the_window():
    first = snapshot(1, Entry(START, session="s"), Entry(START, user="u"), Entry(START, user="v", roles=("a",)))
    last = START + WINDOW + LEEWAY
    known = after(first)
    kept: Any = merge(known, frame(1, at=last), last, LEEWAY)
    assert kept.sessions == {"s": START}
    gone: Any = merge(known, frame(1, at=last + 1), last + 1, LEEWAY)
    assert (gone.sessions, gone.users, gone.roles) == ({}, {}, {})


def test_the_later_end_counts_in_any_order():
    older, newer = Entry(START - 9, user="u"), Entry(START, user="u")
    assert after(snapshot(2, newer, older)).users == {"u": START}
    assert after(snapshot(2, newer), frame(3, older)).users == {"u": START}


def test_the_last_roles_count_for_all_tokens_that_any_entry_is_about():
    """A clock that was set back does not bring old roles back."""
    first, last = Entry(START, user="u", roles=("a",)), Entry(START - 9, user="u", roles=())
    assert after(snapshot(2, first, last)).roles == {"u": (START, ())}
    assert after(snapshot(2, first), frame(3, last)).roles == {"u": (START, ())}
    assert after(snapshot(2, last), frame(3, first)).roles == {"u": (START, ("a",))}


names = st.sampled_from("abc")
instants = st.integers(0, 600).map(lambda back: START - back)
entries = st.one_of(
    st.builds(Entry, instants, session=names),
    st.builds(Entry, instants, user=names),
    st.builds(Entry, instants, user=names, roles=st.lists(names, max_size=2).map(tuple)),
)


@given(st.lists(entries, max_size=12), st.data())
def test_however_the_log_is_cut(log, data):
    """A snapshot with increments gives what one snapshot of everything gives."""
    log.sort(key=lambda entry: entry.at)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=4)))
    edges = [0, *cuts, len(log)]
    parts = [(log[a:b], b) for a, b in pairwise(edges)]
    pieces = [Frame(START, "e", end, number == 0, WINDOW, tuple(part)) for number, (part, end) in enumerate(parts)]
    assert after(*pieces) == after(snapshot(len(log), *log))
