"""The access token of a redirect: one session, however often it is asked for."""

import asyncio

import pytest

from tests.checks import events, position, refused, rows
from tests.core.journeys import FRESH_PASSWORD, access_token, current_of, redeem, reset
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.signin.model import Purpose
from vestibule.kernel.clock import SECOND_MS
from vestibule.kernel.errors import Code
from vestibule.kernel.secret import Secret


@pytest.fixture
async def token(world: World) -> str:
    return await access_token(world, Purpose.MAGIC_LINK)


async def test_asked_twice_it_gives_the_same_session(world: World, token):
    first, second = await redeem(world, token), await redeem(world, token)
    assert (first.session.id, first.token.reveal()) == (second.session.id, second.token.reveal())


async def test_asked_at_once_it_gives_the_same_session(world: World, token):
    opened = await asyncio.gather(*(redeem(world, token) for _ in range(10)))
    assert len({each.token.reveal() for each in opened}) == 1
    assert rows(world, "SELECT count(*) FROM session") == [1]


async def test_it_is_one_sign_in_in_the_log(world: World, token):
    before = position(world)
    await redeem(world, token)
    await redeem(world, token)
    assert events(world, before) == {"sign_in.attempt": 1, "session.opened": 1}


async def test_it_is_repeated_until_the_window_ends(world: World, token):
    await redeem(world, token)
    world.clock.tick(60 * SECOND_MS - 1)
    await redeem(world, token)
    world.clock.tick(1)
    with refused(Code.GRANT_INVALID):
        await redeem(world, token)


async def test_another_client_key_does_not_get_the_session(world: World, token):
    await redeem(world, token, "key")
    with refused(Code.GRANT_INVALID):
        await redeem(world, token, "another")


async def test_after_sign_out_it_is_not_repeated(world: World, token):
    opened = await redeem(world, token)
    current = await world.house.sessions.check(world.app, opened.token.reveal())
    await world.house.sessions.sign_out(current, None, ORIGIN)
    with refused(Code.GRANT_INVALID):
        await redeem(world, token)


async def test_it_works_until_its_last_second(world: World, token):
    world.clock.tick(119 * SECOND_MS)
    await redeem(world, token)


async def test_it_is_dead_after_two_minutes(world: World, token):
    world.clock.tick(120 * SECOND_MS)
    with refused(Code.GRANT_INVALID):
        await redeem(world, token)


async def test_a_reset_token_is_refused_and_still_resets(world: World):
    token = await access_token(world, Purpose.RESET_PASSWORD)
    with refused(Code.GRANT_INVALID):
        await redeem(world, token)
    await reset(world, token)


@pytest.mark.parametrize("token", ["", "null", "undefined", "gr_", "gr_" + "0" * 24 + "_" + "A" * 43, "x" * 5000])
async def test_what_is_no_token_is_refused(world: World, token):
    with refused(Code.GRANT_INVALID):
        await redeem(world, token)


async def test_a_failed_redemption_is_a_failed_sign_in_in_the_log(world: World, token):
    world.clock.tick(120 * SECOND_MS)
    before = position(world)
    with refused(Code.GRANT_INVALID):
        await redeem(world, token)
    assert events(world, before) == {"sign_in.attempt": 1}


async def test_the_signed_in_page_can_carry_its_user_into_the_app(world: World):
    await world.user()
    issued = await world.house.grants.issue(await current_of(world))
    assert (await redeem(world, issued.reveal())).session.proofs[-1].method == "password"


async def test_a_new_password_ends_unused_access_tokens(world: World, token):
    new = Secret(FRESH_PASSWORD)
    await world.house.changes.change_password(await current_of(world), new, Secret(PASSWORD), ORIGIN)
    with refused(Code.GRANT_INVALID):
        await redeem(world, token)


async def test_a_grant_of_another_app_is_refused(world: World, token):
    other = await world.house.apps.create("Other", world.app.environment, world.app.policy, ORIGIN)
    with refused(Code.GRANT_INVALID):
        await world.house.grants.redeem(other, token, "key", ORIGIN)
