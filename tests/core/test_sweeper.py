"""The sweeper: running it twice, or never, changes no answer."""

import pytest

from tests.checks import events, refused, rows
from tests.core.journeys import ADA, confirm, current_of, mailed
from tests.world import ORIGIN, World, link_token
from vestibule.core.signin.model import Purpose
from vestibule.kernel.clock import DAY_MS
from vestibule.kernel.errors import Code
from vestibule.workers.sweeper import Sweeper

TABLES = ("challenge", "registration", "attempt", "session", "outbox", "limit_hit", "limit_key", "event")


def _sweeper(world: World) -> Sweeper:
    return Sweeper(world.house.store, world.clock, world.house.apps, world.house.files)


def _all(world: World) -> dict[str, list]:
    return {table: rows(world, f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in (*TABLES, '"user"')}


async def test_a_living_house_loses_nothing(world: World):
    await mailed(world, Purpose.MAGIC_LINK)
    await current_of(world)
    before = _all(world)
    assert await _sweeper(world).sweep() == 0
    assert _all(world) == before


async def test_the_second_sweep_finds_nothing(world: World):
    await mailed(world, Purpose.MAGIC_LINK)
    world.clock.tick(400 * DAY_MS)
    assert await _sweeper(world).sweep() > 0
    assert await _sweeper(world).sweep() == 0


async def test_after_a_year_only_users_are_left(world: World):
    await mailed(world, Purpose.MAGIC_LINK)
    await current_of(world)
    world.clock.tick(400 * DAY_MS)
    await _sweeper(world).sweep()
    assert {table: len(found) for table, found in _all(world).items()} == dict.fromkeys(TABLES, 0) | {'"user"': 1}
    await world.sign_in(ADA)


@pytest.mark.parametrize("is_swept", [True, False])
async def test_a_late_visitor_hears_the_true_reason_for_a_week(world: World, is_swept):
    token = link_token(await mailed(world, Purpose.MAGIC_LINK))
    world.clock.tick(6 * DAY_MS)
    if is_swept:
        await _sweeper(world).sweep()
    with refused(Code.LINK_EXPIRED):
        await confirm(world, token)


async def test_more_than_one_piece_is_swept_in_one_go(world: World):
    for number in range(450):
        await world.house.attempts.carry(
            world.app, world.house.attempts.new_token(world.app).reveal(), "sign-in", {"n": str(number)}
        )
    world.clock.tick(3 * DAY_MS)
    await _sweeper(world).sweep()
    assert rows(world, "SELECT count(*) FROM attempt") == [0]


async def test_limits_of_the_day_are_kept(world: World):
    await world.user(ADA)
    for _ in range(3):
        await world.house.links.send(world.app, Purpose.MAGIC_LINK, ADA, ORIGIN)
        world.clock.tick(DAY_MS // 4)
    await _sweeper(world).sweep()
    kept = rows(world, "SELECT count(*) FROM limit_hit WHERE rule = 'send/destination/day'")
    assert kept == [4], "three magic links and the confirmation of the sign-up"


async def test_the_log_is_kept_as_long_as_the_revocation_feed_needs_it(world: World):
    """However short an app wants it: a token may live for a day, and clocks may differ by a minute."""
    for name, value in (("event_retention_ms", DAY_MS), ("ACCESS_TOKEN_LIFETIME", 86_400), ("LEEWAY", 60)):
        world.app = await world.house.apps.set_policy(world.app, name, value, ORIGIN)
    await world.user(ADA)
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)
    told = (await world.house.revocations.read(world.app, "")).events
    world.clock.tick(DAY_MS + 59_000)
    await _sweeper(world).sweep()
    assert (await world.house.revocations.read(world.app, "")).events == told != ()
    world.clock.tick(DAY_MS)
    await _sweeper(world).sweep()
    assert events(world)["user.banned"] == 0
