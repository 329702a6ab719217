"""core/sessions/ports.py: sessions and devices."""

from dataclasses import replace

import pytest

from tests.contracts.rows import LATER, NEVER, NOW, a_device, a_session, new_id
from vestibule.kernel.origin import Agent


async def test_a_session_comes_back_as_written(store, app_id):
    session = a_session()
    async with store.transaction(app_id) as tx:
        await tx.sessions.add(session)
    assert await store.reading(app_id).sessions.find(session.digest, NOW) == session
    assert await store.reading(app_id).sessions.find_by_id(session.id, NOW) == session


@pytest.mark.parametrize("limit", ["absolute_expires_at_ms", "idle_expires_at_ms"])
async def test_a_session_is_dead_from_its_last_millisecond_on(store, app_id, limit):
    session = a_session(**{"absolute_expires_at_ms": NEVER, "idle_expires_at_ms": NEVER} | {limit: LATER})
    async with store.transaction(app_id) as tx:
        await tx.sessions.add(session)
        assert await tx.sessions.find(session.digest, LATER - 1) == session
        assert await tx.sessions.find(session.digest, LATER) is None
        assert await tx.sessions.find_by_id(session.id, LATER) is None
        assert await tx.sessions.of_user(session.user_id, LATER) == []
        assert not await tx.sessions.end(session.id, session.user_id, "late", LATER)
        assert await tx.sessions.end_all(session.user_id, None, "late", LATER) == []


async def test_ending_is_for_the_owner_and_happens_once(store, app_id):
    session, stranger = a_session(), a_session()
    async with store.transaction(app_id) as tx:
        await tx.sessions.add(session)
        assert not await tx.sessions.end(session.id, stranger.user_id, "sign_out", NOW)
        answers = [await tx.sessions.end(session.id, session.user_id, "sign_out", NOW) for _ in range(2)]
        assert answers == [True, False]
        assert await tx.sessions.find(session.digest, NOW) is None


async def test_a_user_sees_own_live_sessions_newest_first(store, app_id):
    first = a_session()
    mine = [replace(a_session(), user_id=first.user_id, created_at_ms=NOW + age) for age in range(3)]
    ended = replace(a_session(), user_id=first.user_id)
    async with store.transaction(app_id) as tx:
        for session in (mine[1], mine[0], mine[2], ended, a_session()):
            await tx.sessions.add(session)
        await tx.sessions.end(ended.id, ended.user_id, "sign_out", NOW)
        assert await tx.sessions.of_user(first.user_id, NOW) == mine[::-1]


async def test_ending_all_but_one_tells_which(store, app_id):
    kept, stranger = a_session(), a_session()
    others = [replace(a_session(), user_id=kept.user_id) for _ in range(3)]
    async with store.transaction(app_id) as tx:
        for session in (kept, stranger, *others):
            await tx.sessions.add(session)
        ended = await tx.sessions.end_all(kept.user_id, kept.id, "password.changed", NOW)
        assert sorted(ended) == sorted(session.id for session in others)
        assert await tx.sessions.of_user(kept.user_id, NOW) == [kept]
        assert await tx.sessions.end_all(kept.user_id, None, "password.reset", NOW) == [kept.id]
        assert await tx.sessions.of_user(stranger.user_id, NOW) == [stranger]


async def test_activity_moves_forward_only_and_only_while_it_lives(store, app_id):
    session = a_session(idle_expires_at_ms=LATER)
    async with store.transaction(app_id) as tx:
        await tx.sessions.add(session)
        await tx.sessions.touch(session.id, NOW + 10, LATER + 10)
        await tx.sessions.touch(session.id, NOW + 5, LATER + 5)
        found = await tx.sessions.find(session.digest, NOW)
        assert (found.last_active_at_ms, found.idle_expires_at_ms) == (NOW + 10, LATER + 10)
        await tx.sessions.end(session.id, session.user_id, "sign_out", NOW)
        await tx.sessions.touch(session.id, NOW + 20, LATER + 20)
        assert await tx.sessions.find(session.digest, NOW) is None


async def test_erasing_forgets_where_a_user_came_from(store, app_id):
    session, stranger = a_session(), a_session()
    async with store.transaction(app_id) as tx:
        for each in (session, stranger):
            await tx.sessions.add(each)
        await tx.sessions.erase_all(session.user_id)
        found = await tx.sessions.find(session.digest, NOW)
        assert (found.address, found.agent) == ("", Agent())
        assert await tx.sessions.find(stranger.digest, NOW) == stranger


async def test_a_device_is_known_to_whom_it_served_even_after_the_end(store, app_id):
    session = a_session()
    async with store.transaction(app_id) as tx:
        await tx.sessions.add(session)
        await tx.sessions.end(session.id, session.user_id, "sign_out", NOW)
        assert await tx.sessions.knows_device(session.user_id, session.device_id)
        assert not await tx.sessions.knows_device(session.user_id, new_id())
        assert not await tx.sessions.knows_device(a_session().user_id, session.device_id)


async def test_a_device_is_found_by_its_cookie(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.devices.add(device := a_device())
        assert await tx.devices.find(device.digest) == device
        assert await tx.devices.find("another") is None


async def test_a_list_ends_with_the_hundredth_and_is_answered_however_many_there_are(store, app_id):
    first = a_session()
    ended = [replace(a_session(created_at_ms=NOW + 2_000 + age), user_id=first.user_id) for age in range(2_000)]
    mine = [replace(a_session(created_at_ms=NOW + age), user_id=first.user_id) for age in range(900)]
    async with store.transaction(app_id) as tx:
        for session in ended:
            await tx.sessions.add(session)
        assert len(await tx.sessions.end_all(first.user_id, None, "sign_out", NOW)) == len(ended)
        for session in mine:
            await tx.sessions.add(session)
    assert await store.reading(app_id).sessions.of_user(first.user_id, NOW) == mine[:-101:-1]
    async with store.transaction(app_id) as tx:
        assert len(await tx.sessions.end_all(first.user_id, None, "sign_out", NOW)) == len(mine)
