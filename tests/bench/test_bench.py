"""The bench measures what it says. How fast anything is, is not asked here."""

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing, suppress

import pytest

from bench import peers, simplejwt
from bench.load import USERS, always, rate, request
from bench.rounds import Series, in_turn
from tests.clients.simplejwt.servers import Vestibule
from tests.faults.server import prepare, serving


def test_a_series_is_told_by_its_median_and_its_spread():
    assert str(Series((1_500.0, 1_000.0, 1_100.0))) == "1,100/s ±23%"


def test_a_ratio_is_taken_round_by_round():
    assert Series((100.0, 300.0, 200.0)).times(Series((50.0, 100.0, 50.0))) == "3.0 times (2.0 to 4.0)"


async def test_servers_take_turns_after_a_warm_up_that_does_not_count():
    asked = []

    def measure(name, rates):
        async def take(seconds):
            asked.append(name)
            return next(rates)

        return take

    found = await in_turn([measure("a", iter([9.0, 1.0, 2.0])), measure("b", iter([9.0, 3.0, 4.0]))], rounds=2)
    assert "".join(asked) == "ababab"
    assert found == [Series((1.0, 2.0)), Series((3.0, 4.0))]


@asynccontextmanager
async def answering(status, body_of):
    """A server that is as simple as the client: an answer for each request, from the body that came."""

    async def converse(reader, writer):
        with closing(writer), suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0)
                body = body_of(await reader.readexactly(length))
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}"


async def test_a_tab_refreshes_with_its_newest_token_from_round_to_round():
    shown = []

    def rotate(body):
        shown.append(int(json.loads(body)["refresh"]))
        return json.dumps({"access": "a", "refresh": str(shown[-1] + 1)}).encode()

    async with answering(200, rotate) as url:
        tab = simplejwt.Chain(url, "0")
        for _ in range(2):
            assert await rate(url, [tab], 0.05) > 0
    assert shown == list(range(len(shown)))


async def test_a_refusal_is_no_answer_to_be_counted():
    async with answering(429, lambda _: b"slow down") as url:
        with pytest.raises(AssertionError, match="429"):
            await rate(url, [always(request(url))], 0.05)


@pytest.mark.slow
async def test_both_servers_answer_the_same_front_end(tmp_path):
    with serving(tmp_path / "data") as server, peers.django(tmp_path, "NORMAL") as theirs:
        prepare(server)
        for user in USERS:
            Vestibule(server, server.said["app_id"]).create(user)
        for url in (server.env_url, theirs):
            asked = await simplejwt.visitors_of(url)
            assert tuple(asked) == simplejwt.ASKED
            for visitors in asked.values():
                assert await rate(url, visitors, 0.2) > 0
    with closing(sqlite3.connect(tmp_path / "django-NORMAL.sqlite3")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        # A generation for each sign-in and each refresh: the peer keeps what ours keeps.
        (outstanding,) = database.execute("SELECT count(*) FROM token_blacklist_outstandingtoken").fetchone()
        (spent,) = database.execute("SELECT count(*) FROM token_blacklist_blacklistedtoken").fetchone()
    assert outstanding > len(USERS)
    assert spent > 0
