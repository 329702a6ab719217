"""The feed as server-sent events: one frame at once, one with every change, one with every heartbeat; then it ends."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.rows import an_event
from tests.core.journeys import ADA, current_of
from tests.protocols.discovery.asgi import feed_of, streaming
from tests.world import ORIGIN, World
from vestibule.core.apps.model import KeyKind
from vestibule.core.apps.policy import Policy
from vestibule.core.guard.model import EventType
from vestibule.core.tokens.revocations import ENTRIES
from vestibule.protocols.discovery import feed as module
from vestibule.protocols.discovery.pulse import Beat


@pytest.fixture
async def feed(world: World):
    await world.user(ADA)
    return await feed_of(world)


async def beating(world: World, feed, heartbeat_s: float):
    """The same feed with another heart."""
    front: Any = world.running.asgi
    front._doors["discovery"].feed = replace(feed, heartbeat_s=heartbeat_s)


async def settled(feed):
    """What ends, ends within a turn or two of the loop."""
    for _ in range(20):
        await asyncio.sleep(0)
    return dict(feed.open), dict(feed.pulse._beats), dict(feed.pulse._tasks)


async def sign_out(world: World):
    await world.house.sessions.sign_out(await current_of(world), None, ORIGIN)


async def test_a_stream_begins_with_what_there_is(world: World, feed):
    await sign_out(world)
    async with streaming(world) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "private, no-cache"
        assert stream.headers["x-accel-buffering"] == "no"
        assert await stream.piece() == "retry: 1000\n\n"
        frame = await stream.frame()
        assert frame["snapshot"]
        assert len(frame["entries"]) == 1
        assert frame["id"] == f"{frame['epoch']}-{frame['cursor']}"


async def test_a_change_is_told_within_the_time_that_is_promised(world: World, feed):
    async with streaming(world) as stream:
        await stream.frame()
        for _ in range(3):
            await sign_out(world)
            async with asyncio.timeout(0.3):
                frame = await stream.frame()
            assert [frame["snapshot"], len(frame["entries"])] == [False, 1]


async def test_what_ends_no_token_wakes_nobody(world: World, feed):
    async with streaming(world) as stream:
        await stream.frame()
        await current_of(world)
        await world.house.user_admin.reset_link(world.app, ADA, ORIGIN)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * feed.pulse.every_s):
                await stream.frame()


async def test_a_quiet_stream_says_that_it_is_alive(world: World, feed):
    assert feed.heartbeat_s < 5
    await beating(world, feed, 0.01)
    async with streaming(world) as stream:
        await stream.frame()
        world.clock.tick(7_000)
        frame = await stream.frame()
        assert [frame["snapshot"], frame["entries"]] == [False, []]
        assert frame["iat"] == world.clock.now_ms() // 1000


@pytest.mark.parametrize("how", ["header", "query"])
async def test_a_reader_that_comes_again_goes_on(world: World, feed, how):
    async with streaming(world) as stream:
        known = (await stream.frame())["id"]
    await sign_out(world)
    given = {"last_event_id": known} if how == "header" else {"query": f"since={known}"}
    async with streaming(world, **given) as stream:
        frame = await stream.frame()
        assert [frame["snapshot"], len(frame["entries"])] == [False, 1]


async def test_a_long_snapshot_comes_in_pieces_without_waiting(world: World, feed):
    ended = {"type": EventType.SESSION_ENDED, "at_ms": world.clock.now_ms()}
    async with world.house.store.transaction(world.app.id) as tx:
        for _ in range(ENTRIES + 2):
            await tx.events.append(an_event(**ended))
    async with streaming(world) as stream:
        frames = [await stream.frame(), await stream.frame()]
    assert [(frame["snapshot"], frame["more"], len(frame["entries"])) for frame in frames] == [
        (True, True, ENTRIES),
        (False, False, 2),
    ]


async def test_a_frame_that_was_full_by_chance_is_followed_by_the_word_that_there_is_no_more(world: World, feed):
    async with world.house.store.transaction(world.app.id) as tx:
        for _ in range(ENTRIES):
            await tx.events.append(an_event(type=EventType.SESSION_ENDED, at_ms=world.clock.now_ms()))
    async with streaming(world) as first:
        await first.frame()
        await asyncio.sleep(2 * feed.pulse.every_s)  # the poller has looked
        async with streaming(world) as stream:
            assert (await stream.frame())["more"]
            async with asyncio.timeout(feed.heartbeat_s / 2):
                assert not (await stream.frame())["more"]


async def test_what_moved_while_nobody_waited_is_not_waited_for():
    beat = Beat(head=5)
    async with asyncio.timeout(1):
        await beat.wait(4, 60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await beat.wait(5, 60)


async def test_one_poller_serves_all_streams_of_an_app(world: World, feed):
    looks = []

    async def read(app_id):
        looks.append(app_id)
        return await world.house.revocations.head(app_id)

    feed.pulse.read = read
    async with streaming(world) as first, streaming(world) as second, streaming(world) as third:
        for stream in (first, second, third):
            await stream.frame()
        looks.clear()
        await asyncio.sleep(3.5 * feed.pulse.every_s)
        assert len(looks) in {3, 4}
        await sign_out(world)
        for stream in (first, second, third):
            assert len((await stream.frame())["entries"]) == 1
    assert await settled(feed) == ({}, {}, {})


# Ends --------------------------------------------------------------------------------------------


async def test_a_client_that_goes_leaves_nothing_behind(world: World, feed):
    async with streaming(world) as first, streaming(world) as second:
        await first.frame()
        await second.frame()
        assert list(feed.open.values()) == [2]
        await first.leave()
        assert list(feed.open.values()) == [1]
    assert await settled(feed) == ({}, {}, {})


async def test_a_client_that_goes_before_the_first_frame_leaves_nothing_behind(world: World, feed):
    for _ in range(5):
        async with streaming(world):
            pass
    async with world.client(Authorization=world.api_key, Accept="text/event-stream") as client:
        assert (await client.head("/.well-known/revocations")).headers["content-type"].startswith("text/event-stream")
    assert await settled(feed) == ({}, {}, {})


async def test_when_the_server_stops_streams_end_at_once(world: World, feed):
    async with streaming(world) as stream:
        await stream.frame()
        world.running.stopping.set()
        async with asyncio.timeout(feed.pulse.every_s):
            await stream.over()
    assert await settled(feed) == ({}, {}, {})


async def test_a_stream_that_comes_while_the_server_stops_ends_with_its_first_frame(world: World, feed):
    world.running.stopping.set()
    async with streaming(world) as stream:
        assert (await stream.frame())["snapshot"]
        await stream.over()


async def test_a_key_that_is_revoked_ends_its_streams_within_a_heartbeat(world: World, feed):
    await beating(world, feed, 0.05)
    new = await world.house.apps.create_key(world.app, KeyKind.API, "short", ORIGIN)
    async with streaming(world, new.text) as stream, streaming(world) as other:
        await stream.frame()
        await other.frame()
        await world.house.apps.revoke_key(world.app, new.key.id, ORIGIN)
        await stream.over()
        await other.frame()
        assert not other.task.done()


async def test_a_key_has_so_many_streams_and_no_more(world: World, feed, monkeypatch):
    monkeypatch.setattr(module, "STREAMS_PER_KEY", 2)
    new = await world.house.apps.create_key(world.app, KeyKind.API, "other", ORIGIN)
    async with streaming(world) as first, streaming(world) as second:
        await first.frame()
        await second.frame()
        async with streaming(world) as third:
            assert third.status == 429
            assert third.headers["retry-after"] == "60"
        async with streaming(world, new.text) as own:
            assert own.status == 200
            await own.frame()
        await first.leave()
        async with streaming(world) as fourth:
            assert fourth.status == 200


async def test_streams_that_come_together_are_counted_together(world: World, feed, monkeypatch):
    monkeypatch.setattr(module, "STREAMS_PER_KEY", 3)
    openings = [streaming(world) for _ in range(10)]
    streams = await asyncio.gather(*(each.__aenter__() for each in openings))
    await asyncio.sleep(2 * feed.pulse.every_s)
    assert sum(feed.open.values()) == 3
    assert sum(not stream.task.done() for stream in streams) == 3
    for each in openings:
        await each.__aexit__(None, None, None)


async def test_a_database_that_is_away_for_a_moment_is_asked_again(world: World, feed):
    failures = [RuntimeError("away")] * 2

    async def read(app_id):
        if failures:
            raise failures.pop()
        return await world.house.revocations.head(app_id)

    feed.pulse.read, feed.pulse.every_s = read, 0.02
    async with streaming(world) as stream:
        await stream.frame()
        await sign_out(world)
        async with asyncio.timeout(feed.heartbeat_s / 2):
            assert len((await stream.frame())["entries"]) == 1
    assert failures == []


async def test_a_stream_that_fails_ends_and_says_so_in_the_log_alone(world: World, feed, monkeypatch):
    await beating(world, feed, 0.05)
    async with streaming(world) as stream:
        await stream.frame()
        monkeypatch.setattr(type(world.house.revocations), "read", None)
        await stream.over()
        assert [stream.pieces.get_nowait() for _ in range(stream.pieces.qsize())] == []
    assert await settled(feed) == ({}, {}, {})


async def test_the_streams_of_two_apps_do_not_wake_each_other(world: World, feed):
    other = await world.house.apps.create("Other", world.app.environment, Policy(), ORIGIN)
    key = await world.house.apps.create_key(other, KeyKind.API, "server", ORIGIN)
    mine = world.app
    world.app = other
    async with streaming(world, key.text) as stream:
        world.app = mine
        await stream.frame()
        await sign_out(world)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * feed.pulse.every_s):
                await stream.frame()
