"""The reader of the feed: what the issuer says is known at once, and its silence is noticed."""

import logging
import os
import threading
from io import BytesIO
from typing import Any

import pytest

from tests.contrib.issuer import API_KEY, SID, SUB, make_key, until
from tests.contrib.test_verifier import reason_of
from vestibule.contrib.issuer import IssuerError
from vestibule.contrib.revocations import events
from vestibule.contrib.verifier import Reason
from vestibule.kernel.jwt import read_jwt

WAYS = [True, "poll"]


@pytest.fixture(params=WAYS, ids=["stream", "poll"])
def reader(request, trust):
    """A verifier with a feed, by either way."""
    return trust(feed=request.param)


def test_an_ended_session(issuer, reader):
    token, other = issuer.token(), issuer.token(sid="6" * 24)
    assert reason_of(reader, token) is None
    issuer.tell(session=SID)
    until(lambda: reason_of(reader, token) is Reason.ENDED)
    assert reason_of(reader, other) is None
    issuer.clock.tick(1)
    assert reason_of(reader, issuer.token()) is Reason.ENDED


def test_a_banned_or_deleted_user(issuer, reader):
    token, other = issuer.token(), issuer.token(sub="b" * 24)
    assert reason_of(reader, token) is None
    issuer.clock.tick(1)
    issuer.tell(user=SUB)
    until(lambda: reason_of(reader, token) is Reason.INACTIVE)
    assert reason_of(reader, other) is None
    assert reason_of(reader, issuer.token()) is Reason.INACTIVE
    issuer.clock.tick(1)
    assert reason_of(reader, issuer.token()) is None


def test_changed_roles_are_those_of_tokens_until_then(issuer, reader):
    token = issuer.token(roles=["editor"])
    assert reader.verify(token).roles == ("editor",)
    issuer.tell(user=SUB, roles=["author", "admin"])
    until(lambda: reader.verify(token).roles == ("author", "admin"))
    issuer.tell(user=SUB, roles=[])
    until(lambda: reader.verify(token).roles == ())
    issuer.clock.tick(1)
    assert reader.verify(issuer.token(roles=["owner"])).roles == ("owner",)
    assert reader.verify(token).claims["roles"] == ["editor"]


def test_what_was_said_before_the_start_is_known_at_the_first_request(issuer, reader):
    issuer.tell(session=SID)
    assert reason_of(reader, issuer.token()) is Reason.ENDED


def test_a_token_that_is_bad_anyway_wakes_nobody(issuer, reader):
    assert reason_of(reader, "a.b.c") is Reason.INVALID
    assert reason_of(reader, issuer.token(exp=0)) is Reason.EXPIRED
    assert issuer.asked["revocations"] == 0


def test_many_first_requests_start_one_reader(issuer, reader):
    token, reasons = issuer.token(), []
    threads = [threading.Thread(target=lambda: reasons.append(reason_of(reader, token))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reasons == [None] * 8
    assert sum(thread.name == "vestibule-revocations" for thread in threading.enumerate()) == 1


# --- silence


@pytest.mark.parametrize(("when_stale", "reason"), [("refuse", Reason.STALE), ("accept", None)])
def test_silence(issuer, trust, when_stale, reason):
    reader = trust(feed=True, when_stale=when_stale)
    token, ended = issuer.token(), issuer.token(sid="6" * 24)
    issuer.tell(session="6" * 24)
    assert reason_of(reader, token) is None
    issuer.clock.tick(10)
    assert reason_of(reader, token) is None
    issuer.clock.tick(1)
    assert reason_of(reader, token) is reason
    assert reason_of(reader, ended) is (reason or Reason.ENDED)
    issuer.beat()
    until(lambda: reason_of(reader, token) is None)


@pytest.mark.parametrize(("when_stale", "reason"), [("refuse", Reason.STALE), ("accept", None)])
@pytest.mark.parametrize("way", WAYS)
def test_an_issuer_that_is_away_from_the_start(issuer, trust, way, when_stale, reason):
    reader = trust(feed=way, when_stale=when_stale)
    reader._keys.is_signed(read_jwt(issuer.token()))
    issuer.is_down = True
    assert reason_of(reader, issuer.token()) is reason
    assert reason_of(reader, issuer.token()) is reason
    issuer.tell(session=SID)
    issuer.is_down = False
    until(lambda: reason_of(reader, issuer.token()) is Reason.ENDED)


def test_a_first_request_does_not_wait_for_ever(issuer, trust):
    issuer.is_mute = True
    assert reason_of(trust(feed=True, first_wait=0.05), issuer.token()) is Reason.STALE


def test_an_answer_that_nothing_changed_is_no_sign_of_life(issuer, trust):
    """It is not signed; so a signed one is asked for before the last one is too old."""
    reader, token = trust(feed="poll"), issuer.token()
    assert reason_of(reader, token) is None
    until(lambda: issuer.asked["304"] >= 2)
    assert issuer.asked["poll"] - issuer.asked["304"] == 1
    issuer.clock.tick(4)
    until(lambda: issuer.asked["poll"] - issuer.asked["304"] == 2)
    unchanged = issuer.asked["304"]
    until(lambda: issuer.asked["304"] > unchanged)
    issuer.clock.tick(7)
    assert reason_of(reader, token) is None


def test_a_frame_that_is_repeated_is_no_sign_of_life(issuer, trust):
    reader, token = trust(feed="poll"), issuer.token()
    assert reason_of(reader, token) is None
    issuer.answer = (200, {"Content-Type": "application/jwt"}, issuer.frame(issuer.position)[0].encode())
    issuer.clock.tick(11)
    asked = issuer.asked["revocations"]
    until(lambda: issuer.asked["revocations"] >= asked + 2)
    assert reason_of(reader, token) is Reason.STALE


# --- ways


def test_an_issuer_that_does_not_stream_is_polled(issuer, trust):
    issuer.does_stream = False
    reader, token = trust(feed=True), issuer.token()
    assert reason_of(reader, token) is None
    issuer.tell(session=SID)
    until(lambda: reason_of(reader, token) is Reason.ENDED)


def test_a_broken_stream_goes_on_where_it_was(issuer, trust):
    reader, token = trust(feed=True), issuer.token()
    assert reason_of(reader, token) is None
    issuer.is_down = True
    until(lambda: issuer.open_streams == 0)
    issuer.tell(session=SID)
    issuer.is_down = False
    until(lambda: reason_of(reader, token) is Reason.ENDED)


def test_a_wrong_api_key_is_said_once_and_closes(issuer, trust, caplog):
    reader = trust(feed=True, api_key=f"{API_KEY[:-1]}x")
    with caplog.at_level(logging.WARNING, "vestibule.contrib"):
        assert reason_of(reader, issuer.token()) is Reason.STALE
        until(lambda: issuer.asked["revocations"] >= 6)
    assert [record.getMessage() for record in caplog.records] == ["no revocation feed: status 401"]
    assert API_KEY[-20:-1] not in caplog.text


# --- gaps, epochs, forgeries


def test_a_gap_is_filled_by_a_snapshot(issuer, trust):
    reader, token = trust(feed=True), issuer.token()
    issuer.tell(session="6" * 24)
    assert reason_of(reader, token) is None
    issuer.is_down = True
    until(lambda: issuer.open_streams == 0)
    issuer.tell(session="7" * 24)
    issuer.forget_log()
    issuer.tell(session=SID)
    issuer.is_down = False
    until(lambda: reason_of(reader, token) is Reason.ENDED)
    assert reason_of(reader, issuer.token(sid="6" * 24)) is None  # the snapshot did not name it any more


def test_what_does_not_follow_is_asked_for_whole(issuer, reader):
    """Whatever the issuer thinks of our position."""
    token = issuer.token()
    assert reason_of(reader, token) is None
    issuer.clock.tick(1)
    issuer.forge = lambda header, claims: (header, {**claims, "epoch": "e9"}, None)
    issuer.tell(session=SID)
    until(lambda: reason_of(reader, token) is Reason.ENDED)


def test_a_new_epoch_is_taken_whole(issuer, reader):
    issuer.tell(session="6" * 24)
    issuer.tell(session="7" * 24)
    assert reason_of(reader, issuer.token(sid="6" * 24)) is Reason.ENDED
    issuer.clock.tick(1)
    issuer.restore("e2")
    issuer.tell(session=SID)
    until(lambda: reason_of(reader, issuer.token()) is Reason.ENDED)
    assert reason_of(reader, issuer.token(sid="6" * 24)) is None


def test_a_snapshot_in_pieces_counts_when_it_is_whole(issuer, reader):
    issuer.piece = 2
    for number in range(7):
        issuer.tell(session=f"{number}" * 24)
    for number in range(7):
        assert reason_of(reader, issuer.token(sid=f"{number}" * 24)) is Reason.ENDED
    assert reason_of(reader, issuer.token(sid="8" * 24)) is None


def test_what_is_known_stays_known_until_the_new_snapshot_is_whole(issuer, trust):
    reader = trust(feed="poll")
    issuer.tell(session="6" * 24)
    issuer.tell(session=SID)
    assert reason_of(reader, issuer.token()) is Reason.ENDED
    issuer.clock.tick(1)
    issuer.piece = 1
    issuer.forge = lambda header, claims: (header, claims, None) if claims["snapshot"] else foreign(header, claims)
    issuer.epoch = "e2"
    asked = issuer.asked["revocations"]
    until(lambda: issuer.asked["revocations"] >= asked + 4)
    assert reason_of(reader, issuer.token()) is Reason.ENDED


def foreign(header, claims):
    return header, {**claims, "entries": [], "snapshot": True}, make_key("ES256", "thief")[0]


def for_another_app(header, claims):
    return header, {**claims, "iss": "https://other.example"}, None


def with_another_type(header, claims):
    return {**header, "typ": "JWT"}, claims, None


def of_yesterday(header, claims):
    return header, {**claims, "iat": claims["iat"] - 86_400}, None


def by_an_unknown_key(header, claims):
    return {**header, "kid": "thief"}, claims, make_key("ES256", "thief")[0]


def of_another_epoch(header, claims):
    return header, {**claims, "epoch": "other", "snapshot": False}, None


@pytest.mark.parametrize(
    "forge", [foreign, for_another_app, with_another_type, of_yesterday, by_an_unknown_key, of_another_epoch]
)
def test_a_frame_that_is_not_the_issuers_is_ignored(issuer, reader, forge):
    honest = issuer.forge
    token, ended = issuer.token(), issuer.token(sid="6" * 24)
    issuer.tell(session="6" * 24)
    assert reason_of(reader, token) is None
    issuer.forge = forge
    asked = issuer.asked["revocations"]
    issuer.tell(session=SID)
    until(lambda: issuer.asked["revocations"] >= asked + 2)
    assert reason_of(reader, token) is None
    assert reason_of(reader, ended) is Reason.ENDED
    issuer.clock.tick(11)
    assert reason_of(reader, token) is Reason.STALE  # forged frames are no sign of life
    issuer.forge = honest
    until(lambda: reason_of(reader, token) is Reason.ENDED)  # and hide nothing


def test_a_frame_is_no_access_token_and_an_access_token_no_frame(issuer, reader):
    assert reason_of(reader, issuer.frame("")[0]) is Reason.INVALID
    assert reason_of(reader, issuer.token()) is None
    issuer.forge = lambda header, claims: ({**header, "typ": "JWT"}, {**claims, "exp": 2e9}, None)
    issuer.tell(session=SID)
    assert reason_of(reader, issuer.token()) is None


def test_rotation_reaches_the_feed(issuer, reader):
    token = issuer.token()
    assert reason_of(reader, token) is None
    issuer.clock.tick(9)
    issuer.beat()
    issuer.clock.tick(9)
    issuer.published, issuer.signer = ["k2", "k1"], "k2"
    issuer.tell(session=SID)
    until(lambda: reason_of(reader, token) is Reason.ENDED)
    assert issuer.asked["jwks.json"] == 2


def test_tokens_with_a_shared_secret_have_a_feed_too(issuer, trust):
    reader = trust(feed=True, algorithm="HS256", signing_key="s" * 32)
    token = issuer.token({"alg": "HS256"}, reader._secret)
    assert reason_of(reader, token) is None
    issuer.tell(session=SID)
    until(lambda: reason_of(reader, token) is Reason.ENDED)


# --- threads and processes


def test_closing_ends_the_thread(issuer, trust):
    reader = trust(feed=True)
    reason_of(reader, issuer.token())
    thread = reader._revocations._thread
    assert thread.is_alive()
    reader.close()
    until(lambda: not thread.is_alive())


def test_a_forked_child_has_a_reader_of_its_own(issuer, trust):
    reader, token = trust(feed=True), issuer.token()
    assert reason_of(reader, token) is None
    reader._revocations._lock.acquire()
    child = os.fork()
    if child == 0:
        was_good = reason_of(reader, token) is None
        until(lambda: reason_of(reader, token) is Reason.ENDED)
        os._exit(0 if was_good else 1)
    reader._revocations._lock.release()
    until(lambda: issuer.open_streams == 2)
    issuer.tell(session=SID)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    until(lambda: reason_of(reader, token) is Reason.ENDED)


# --- server-sent events


def lines(text) -> Any:
    return BytesIO(text.encode())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event: revocations\ndata: a\n\n", ["a"]),
        ("data: a\nevent: revocations\r\nid: e-1\r\n\r\n", ["a"]),
        ("event:revocations\ndata:a\ndata:b\n\n", ["a\nb"]),
        ("event: other\ndata: a\n\nevent: revocations\ndata: b\n\n", ["b"]),
        ("event: revocations\n\ndata: a\n\n", []),
        (": comment\n\nretry: 5\n\nevent: revocations\ndata: a\n\n", ["a"]),
        ("event: revocations\ndata: cut", []),
    ],
)
def test_reading_events(text, expected):
    assert list(events(lines(text), 100)) == expected


def test_an_endless_event():
    for text in ("data: " + "x" * 200, "data: x\n" * 20):
        with pytest.raises(IssuerError):
            list(events(lines(text), 100))
