"""Reset: a new password by mail, and what ends with the old one. Source: OWASP ASVS 6.4.3, 7.4.3."""

import asyncio

import pytest

from tests.checks import refused, rows
from tests.core.journeys import (
    ADA,
    FRESH_PASSWORD,
    NEW,
    access_token,
    confirm,
    current_of,
    mailed,
    redeem,
    reset,
)
from tests.world import ORIGIN, PASSWORD, World, link_token
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import Purpose
from vestibule.kernel.clock import MINUTE_MS
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.secret import Secret


async def test_the_new_password_opens_and_the_old_one_does_not(world: World):
    await reset(world, await access_token(world, Purpose.RESET_PASSWORD))
    await world.sign_in(ADA, FRESH_PASSWORD)
    with refused(Code.INVALID_CREDENTIALS):
        await world.sign_in(ADA, PASSWORD)


async def test_every_session_ends(world: World):
    token = await access_token(world, Purpose.RESET_PASSWORD)
    opened = [(await world.sign_in(ADA)).token.reveal() for _ in range(3)]
    await reset(world, token)
    for each in opened:
        with refused(Code.SESSION_INVALID):
            await world.house.sessions.check(world.app, each)


async def test_nobody_is_signed_in_by_it(world: World):
    await reset(world, await access_token(world, Purpose.RESET_PASSWORD))
    assert rows(world, "SELECT count(*) FROM session") == [0]


async def test_the_owner_is_told(world: World):
    await reset(world, await access_token(world, Purpose.RESET_PASSWORD))
    assert (await world.mail(MessageKind.PASSWORD_CHANGED)).to == ADA


async def test_a_refused_password_does_not_use_the_token_up(world: World):
    token = await access_token(world, Purpose.RESET_PASSWORD)
    with refused(Code.PASSWORD_TOO_SHORT):
        await reset(world, token, "short")
    await reset(world, token)


async def test_the_token_works_once(world: World):
    token = await access_token(world, Purpose.RESET_PASSWORD)
    await reset(world, token)
    with refused(Code.GRANT_INVALID):
        await reset(world, token, "and-4-another-password")


async def test_of_ten_at_once_one_succeeds(world: World):
    token = await access_token(world, Purpose.RESET_PASSWORD)
    results = await asyncio.gather(*(reset(world, token) for _ in range(10)), return_exceptions=True)
    assert sum(each == ADA for each in results) == 1
    assert all(isinstance(each, DomainError) for each in results if each != ADA)


async def test_the_token_lives_ten_minutes(world: World):
    token = await access_token(world, Purpose.RESET_PASSWORD)
    world.clock.tick(10 * MINUTE_MS)
    with refused(Code.GRANT_INVALID):
        await reset(world, token)


# MGL-9: what was asked for under the old password or address dies with it.


async def _change_password(world: World) -> None:
    await world.house.changes.change_password(
        await current_of(world), Secret("yet-5-another-password"), Secret(PASSWORD), ORIGIN
    )


async def _change_email(world: World) -> None:
    await world.house.changes.change_email(await current_of(world), NEW, Secret(PASSWORD), ORIGIN)
    await confirm(world, link_token(await world.mail(MessageKind.CHANGE_EMAIL, NEW)))


async def _set_by_operator(world: World) -> None:
    await world.house.user_admin.set_password(world.app, ADA, Secret("yet-5-another-password"), ORIGIN)


CHANGES = [_change_password, _change_email, _set_by_operator]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("purpose", [Purpose.RESET_PASSWORD, Purpose.MAGIC_LINK])
async def test_a_link_dies_when_password_or_address_change(world: World, purpose, change):
    token = link_token(await mailed(world, purpose))
    await change(world)
    with refused(Code.LINK_SUPERSEDED):
        await confirm(world, token)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_reset_token_dies_when_password_or_address_change(world: World, change):
    token = await access_token(world, Purpose.RESET_PASSWORD)
    await change(world)
    with refused(Code.GRANT_INVALID):
        await reset(world, token)


@pytest.mark.parametrize("change", CHANGES)
async def test_an_access_token_dies_when_password_or_address_change(world: World, change):
    token = await access_token(world, Purpose.MAGIC_LINK)
    await change(world)
    with refused(Code.GRANT_INVALID):
        await redeem(world, token)


async def test_a_pending_change_of_address_dies_with_a_reset(world: World):
    pending = link_token(await mailed(world, Purpose.CHANGE_EMAIL))
    await world.house.links.send(world.app, Purpose.RESET_PASSWORD, ADA, ORIGIN)
    confirmed = await confirm(world, link_token(await world.mail(MessageKind.RESET, ADA)))
    assert confirmed.token is not None
    await reset(world, confirmed.token.reveal())
    with refused(Code.LINK_SUPERSEDED):
        await confirm(world, pending)


async def test_a_used_access_token_is_not_repeated_after_a_reset(world: World):
    used = await access_token(world, Purpose.MAGIC_LINK)
    await redeem(world, used)
    await _set_by_operator(world)
    with refused(Code.GRANT_INVALID):
        await redeem(world, used)


async def test_a_banned_user_cannot_reset(world: World):
    token = await access_token(world, Purpose.RESET_PASSWORD)
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)
    with refused(Code.GRANT_INVALID):
        await reset(world, token)
