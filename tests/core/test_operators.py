"""Operators come in by a one-time link."""

import asyncio

import pytest

from tests.checks import events, position, refused
from tests.world import ORIGIN, World
from vestibule.core.signin.door import Opened
from vestibule.kernel.clock import HOUR_MS
from vestibule.kernel.errors import Code
from vestibule.kernel.ids import SYSTEM_APP


@pytest.fixture
async def link(world: World) -> str:
    user_id = await world.house.operators.ensure("op@acme.test", ORIGIN)
    return (await world.house.operators.link(user_id)).reveal()


async def test_a_link_opens_a_session_of_the_system_app(world: World, link):
    opened = await world.house.operators.come_in(link, ORIGIN)
    assert opened.person.user.roles == ("operator",)
    assert opened.token.reveal().startswith(f"ss_{SYSTEM_APP}_")


async def test_a_link_works_once(world: World, link):
    await world.house.operators.come_in(link, ORIGIN)
    with refused(Code.LINK_INVALID):
        await world.house.operators.come_in(link, ORIGIN)


async def test_of_ten_at_once_one_comes_in(world: World, link):
    calls = (world.house.operators.come_in(link, ORIGIN) for _ in range(10))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(each, Opened) for each in results) == 1


async def test_a_newer_link_ends_the_older(world: World, link):
    await world.house.operators.link(await world.house.operators.ensure("op@acme.test", ORIGIN))
    with refused(Code.LINK_INVALID):
        await world.house.operators.come_in(link, ORIGIN)


async def test_a_link_lives_twelve_hours(world: World, link):
    world.clock.tick(12 * HOUR_MS)
    with refused(Code.LINK_INVALID):
        await world.house.operators.come_in(link, ORIGIN)


async def test_asking_twice_makes_one_operator(world: World, link):
    assert await world.house.operators.ensure("op@acme.test", ORIGIN) == await world.house.operators.ensure(
        "op@acme.test", ORIGIN
    )


async def test_the_operators_app_is_not_among_the_apps(world: World, link):
    assert [app.id for app in await world.house.apps.list()] == [world.app.id]


async def test_nobody_signs_up_as_an_operator(world: World, link):
    world.app = await world.house.apps.get(SYSTEM_APP)
    with refused(Code.FEATURE_OFF):
        await world.sign_up("eve@acme.test")


async def test_coming_in_is_told_by_the_log(world: World, link):
    before = position(world, SYSTEM_APP)
    await world.house.operators.come_in(link, ORIGIN)
    assert events(world, before, SYSTEM_APP) == {"operator.link_used": 1, "session.opened": 1}
