"""Sessions: listed, ended, and their two limits."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.checks import events, position, refused, rows
from tests.core.journeys import ADA, current_of
from tests.world import ORIGIN, World
from vestibule.core.store import Store
from vestibule.kernel.clock import DAY_MS, MINUTE_MS
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import SYSTEM_APP, AppId, SessionId


@pytest.fixture
async def current(world: World):
    await world.user(ADA)
    return await current_of(world)


async def _check(world: World, token: str):
    return await world.house.sessions.check(world.app, token)


async def test_the_list_is_newest_first_and_the_own_one_among_them(world: World, current):
    for _ in range(2):
        world.clock.tick(1000)
        await world.sign_in(ADA)
    listed = await world.house.sessions.list(current)
    assert [each.created_at_ms for each in listed] == sorted((each.created_at_ms for each in listed), reverse=True)
    assert listed[-1].id == current.session.id


async def test_the_list_holds_nobody_elses(world: World, current):
    await world.user("eve@acme.test")
    await world.sign_in("eve@acme.test")
    assert len(await world.house.sessions.list(current)) == 1


async def test_a_handle_is_no_token(world: World, current):
    with refused(Code.SESSION_INVALID):
        await _check(world, current.session.handle)


async def test_a_handle_ends_the_session_it_names(world: World, current):
    other = await world.sign_in(ADA)
    await world.house.sessions.sign_out(current, other.session.handle, ORIGIN)
    with refused(Code.SESSION_INVALID):
        await _check(world, other.token.reveal())


async def test_a_token_ends_the_session_it_opens(world: World, current):
    other = await world.sign_in(ADA)
    await world.house.sessions.sign_out(current, other.token.reveal(), ORIGIN)
    assert [each.id for each in await world.house.sessions.list(current)] == [current.session.id]


@pytest.mark.parametrize("which", ["handle", "token"])
async def test_another_users_session_is_not_ended(world: World, current, which):
    await world.user("eve@acme.test")
    eve = await world.sign_in("eve@acme.test")
    named = eve.session.handle if which == "handle" else eve.token.reveal()
    before = position(world)
    await world.house.sessions.sign_out(current, named, ORIGIN)
    await _check(world, eve.token.reveal())
    assert not events(world, before)


@pytest.mark.parametrize("which", ["", "sh_", "sh_nothing", "sh_" + "0" * 24, "x" * 5000, "\x00", "null"])
async def test_an_unknown_name_changes_nothing(world: World, current, which):
    before = position(world)
    await world.house.sessions.sign_out(current, which, ORIGIN)
    assert not events(world, before)


async def test_sign_out_ends_the_own_session_at_once(world: World):
    await world.user(ADA)
    token = (await world.sign_in(ADA)).token.reveal()
    await world.house.sessions.sign_out(await _check(world, token), None, ORIGIN)
    with refused(Code.SESSION_INVALID):
        await _check(world, token)


async def test_sign_out_of_all(world: World, current):
    tokens = [(await world.sign_in(ADA)).token.reveal() for _ in range(3)]
    await world.house.sessions.sign_out_all(current, ORIGIN)
    for token in tokens:
        with refused(Code.SESSION_INVALID):
            await _check(world, token)


async def test_sign_out_of_all_others(world: World, current):
    await world.sign_in(ADA)
    await world.house.sessions.sign_out_all(current, ORIGIN, keep_current=True)
    assert [each.id for each in await world.house.sessions.list(current)] == [current.session.id]


async def _use_every_day(world: World, token: str, days: int) -> None:
    for _ in range(days):
        world.clock.tick(DAY_MS)
        await _check(world, token)
        await world.house.activity.flush()


async def test_a_session_ends_after_fourteen_idle_days(world: World):
    await world.user(ADA)
    token = (await world.sign_in(ADA)).token.reveal()
    world.clock.tick(14 * DAY_MS - 1)
    await _check(world, token)
    world.clock.tick(1)
    with refused(Code.SESSION_INVALID):
        await _check(world, token)


async def test_use_moves_the_idle_limit(world: World):
    await world.user(ADA)
    token = (await world.sign_in(ADA)).token.reveal()
    await _use_every_day(world, token, 29)
    world.clock.tick(DAY_MS - 1)
    await _check(world, token)


async def test_use_does_not_move_the_absolute_limit(world: World):
    await world.user(ADA)
    token = (await world.sign_in(ADA)).token.reveal()
    await _use_every_day(world, token, 29)
    world.clock.tick(DAY_MS)
    with refused(Code.SESSION_INVALID):
        await _check(world, token)


@pytest.mark.parametrize(("idle_min", "lives"), [(29, True), (30, False)])
async def test_an_operators_session_ends_after_half_an_hour_idle(world: World, idle_min, lives):
    system, token = await _operator(world)
    world.clock.tick(idle_min * MINUTE_MS)
    await _lives(world, system, token, lives=lives)


@pytest.mark.parametrize(("beyond_ms", "lives"), [(-1, True), (0, False)])
async def test_an_operators_session_ends_after_twelve_hours(world: World, beyond_ms, lives):
    system, token = await _operator(world)
    for _ in range(12 * 60 // 20 - 1):
        world.clock.tick(20 * MINUTE_MS)
        await _lives(world, system, token, lives=True)
        await world.house.activity.flush()
    world.clock.tick(20 * MINUTE_MS + beyond_ms)
    await _lives(world, system, token, lives=lives)


async def _operator(world: World):
    operators = world.house.operators
    link = await operators.link(await operators.ensure("op@acme.test", ORIGIN))
    opened = await operators.come_in(link.reveal(), ORIGIN)
    return await world.house.apps.get(SYSTEM_APP), opened.token.reveal()


async def _lives(world: World, app, token: str, *, lives: bool) -> None:
    if lives:
        await world.house.sessions.check(app, token)
        return
    with refused(Code.SESSION_INVALID):
        await world.house.sessions.check(app, token)


def _active(world: World) -> int:
    return int(rows(world, "SELECT last_active_at_ms FROM session")[0])


async def test_use_is_written_at_most_every_five_minutes(world: World):
    await world.user(ADA)
    opened = await world.sign_in(ADA)
    world.clock.tick(5 * MINUTE_MS - 1)
    await _check(world, opened.token.reveal())
    await world.house.activity.flush()
    assert _active(world) == opened.session.last_active_at_ms
    world.clock.tick(1)
    await _check(world, opened.token.reveal())
    await world.house.activity.flush()
    assert _active(world) == world.clock.now_ms()


async def test_activity_never_goes_back(world: World, current):
    at_ms = world.clock.now_ms()
    async with world.house.store.transaction(world.app.id) as tx:
        await tx.sessions.touch(current.session.id, at_ms + 5, at_ms + 5)
        await tx.sessions.touch(current.session.id, at_ms + 1, at_ms + 1)
    assert _active(world) == at_ms + 5


async def test_use_of_an_ended_session_is_not_written(world: World, current):
    world.clock.tick(DAY_MS)
    world.house.activity.note(world.app, current.session, world.clock.now_ms())
    await world.house.sessions.sign_out(current, None, ORIGIN)
    await world.house.activity.flush()
    assert _active(world) == current.session.last_active_at_ms


async def test_what_cannot_be_written_of_one_app_keeps_nobody_elses_back_and_is_tried_again(world: World, current):
    gone, activity, now_ms = AppId("0" * 24), world.house.activity, world.clock.now_ms() + DAY_MS
    activity.note(replace(world.app, id=gone), current.session, now_ms)
    activity.note(world.app, current.session, now_ms)
    unwilling: Any = Unwilling(world.house.store, gone)
    broken = replace(activity, store=unwilling)
    with pytest.raises(ExceptionGroup):
        await broken.flush()
    assert _active(world) == now_ms
    assert list(activity.pending) == [(gone, current.session.id)]
    await activity.flush()
    assert activity.pending == {}


async def test_a_use_that_comes_while_another_is_written_is_not_forgotten(world: World, current):
    activity, now_ms = world.house.activity, world.clock.now_ms() + DAY_MS
    activity.note(world.app, current.session, now_ms)
    flushing = asyncio.create_task(activity.flush())
    await asyncio.sleep(0)
    activity.note(world.app, current.session, now_ms + 1)
    await flushing
    assert list(activity.pending) == [(world.app.id, current.session.id)]
    await activity.flush()
    assert _active(world) == now_ms + 1


async def test_a_use_is_written_in_pieces(world: World, current):
    activity = world.house.activity
    unwilling: Any = Unwilling(world.house.store)
    counting = replace(activity, store=unwilling)
    for number in range(450):
        activity.pending[world.app.id, SessionId(f"{number:024x}")] = (1, 2)
    await counting.flush()
    assert (unwilling.begun, activity.pending) == ([world.app.id] * 3, {})


@dataclass
class Unwilling:
    """Counts transactions, and opens none for one app."""

    store: Store
    refuses: str = ""
    begun: list[str] = field(default_factory=list)

    def transaction(self, app_id: AppId):
        self.begun.append(app_id)
        if app_id == self.refuses:
            raise refuse(Code.UNAVAILABLE)
        return self.store.transaction(app_id)


@pytest.mark.parametrize("end", ["ban", "delete"])
async def test_an_operator_ends_every_session_with_the_user(world: World, end):
    await world.user(ADA)
    token = (await world.sign_in(ADA)).token.reveal()
    await getattr(world.house.user_admin, end)(world.app, ADA, ORIGIN)
    with refused(Code.SESSION_INVALID):
        await _check(world, token)


async def test_an_operator_ends_one_session(world: World, current):
    await world.house.user_admin.revoke_session(world.app, current.session.handle, ORIGIN)
    with refused(Code.NOT_FOUND):
        await world.house.user_admin.revoke_session(world.app, SessionId(current.session.id), ORIGIN)
