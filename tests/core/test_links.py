"""Links by mail: what each does, and when it no longer does."""

import asyncio

import pytest

from tests.checks import refused, rows
from tests.core.journeys import ADA, LINKED, NEW, access_token, confirm, mailed, redeem, reset
from tests.world import ORIGIN, World, link_token
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.links import Confirmed
from vestibule.core.signin.model import Purpose
from vestibule.kernel.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from vestibule.kernel.errors import Code, DomainError

LIVES = {
    Purpose.EMAIL_CONFIRM: 24 * HOUR_MS,
    Purpose.MAGIC_LINK: 15 * MINUTE_MS,
    Purpose.RESET_PASSWORD: 60 * MINUTE_MS,
    Purpose.CHANGE_EMAIL: 24 * HOUR_MS,
}


async def test_a_confirmation_leads_to_a_session(world: World):
    opened = await redeem(world, await access_token(world, Purpose.EMAIL_CONFIRM))
    assert opened.person.is_email_verified


async def test_a_magic_link_leads_to_a_session(world: World):
    opened = await redeem(world, await access_token(world, Purpose.MAGIC_LINK))
    assert opened.session.proofs[-1].method == "email_link"


async def test_a_reset_link_leads_to_a_new_password(world: World):
    assert await reset(world, await access_token(world, Purpose.RESET_PASSWORD)) == ADA


async def test_a_change_link_changes_the_address_and_gives_no_token(world: World):
    confirmed = await confirm(world, link_token(await mailed(world, Purpose.CHANGE_EMAIL)))
    assert confirmed.token is None
    assert (await world.sign_in(NEW)).person.email == NEW


@pytest.mark.parametrize("purpose", LINKED)
async def test_a_link_works_until_its_last_second(world: World, purpose):
    token = link_token(await mailed(world, purpose))
    world.clock.tick(LIVES[purpose] - SECOND_MS)
    await confirm(world, token)


@pytest.mark.parametrize("purpose", LINKED)
async def test_a_link_is_dead_when_its_time_is_up(world: World, purpose):
    token = link_token(await mailed(world, purpose))
    world.clock.tick(LIVES[purpose])
    with refused(Code.LINK_EXPIRED):
        await confirm(world, token)


@pytest.mark.parametrize("purpose", LINKED)
async def test_a_link_works_once(world: World, purpose):
    token = link_token(await mailed(world, purpose))
    await confirm(world, token)
    with refused(Code.LINK_USED):
        await confirm(world, token)


@pytest.mark.parametrize("purpose", [Purpose.EMAIL_CONFIRM, Purpose.MAGIC_LINK, Purpose.RESET_PASSWORD])
async def test_a_newer_link_ends_the_older(world: World, purpose):
    older = link_token(await mailed(world, purpose))
    world.clock.tick(61_000)
    await world.house.links.send(world.app, purpose, ADA, ORIGIN)
    with refused(Code.LINK_SUPERSEDED):
        await confirm(world, older)


@pytest.mark.parametrize("purpose", LINKED)
async def test_of_ten_presses_at_once_one_succeeds(world: World, purpose):
    token = link_token(await mailed(world, purpose))
    results = await asyncio.gather(*(confirm(world, token) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(each, Confirmed) for each in results) == 1
    others = [each.code for each in results if isinstance(each, DomainError)]
    assert others == [Code.LINK_USED] * 9


@pytest.mark.parametrize("purpose", LINKED)
async def test_looking_at_a_link_changes_nothing(world: World, purpose):
    token = link_token(await mailed(world, purpose))
    before = rows(world, "SELECT * FROM challenge")
    for _ in range(3):
        assert (await world.house.links.peek(world.app, token)).refusal is None
    assert rows(world, "SELECT * FROM challenge") == before


async def test_a_page_may_show_who_asked(world: World):
    peek = await world.house.links.peek(world.app, link_token(await mailed(world, Purpose.MAGIC_LINK)))
    assert (peek.purpose, peek.detail.email, peek.detail.agent, peek.detail.address) == (
        Purpose.MAGIC_LINK,
        ADA,
        "Firefox on Linux",
        ORIGIN.address,
    )


async def test_a_dead_link_sends_a_new_one_to_the_same_address(world: World):
    token = link_token(await mailed(world, Purpose.MAGIC_LINK))
    world.clock.tick(HOUR_MS)
    await world.house.links.send_again(world.app, token, ORIGIN)
    fresh = link_token(await world.mail(MessageKind.MAGIC_LINK, ADA))
    assert fresh != token
    await confirm(world, fresh)


async def test_a_dead_link_of_a_change_sends_to_the_new_address_again(world: World):
    token = link_token(await mailed(world, Purpose.CHANGE_EMAIL))
    world.clock.tick(25 * HOUR_MS)
    await world.house.links.send_again(world.app, token, ORIGIN)
    await confirm(world, link_token(await world.mail(MessageKind.CHANGE_EMAIL, NEW)))
    assert (await world.sign_in(NEW)).person.email == NEW


async def test_an_unconfirmed_address_gets_no_magic_link(world: World):
    await world.sign_up(ADA)
    world.clock.tick(61_000)
    await world.house.links.send(world.app, Purpose.MAGIC_LINK, ADA, ORIGIN)
    assert (await world.deliver())[-1].kind is MessageKind.NO_ACCOUNT


async def test_nothing_is_resent_where_nothing_is_confirmed(world: World):
    app = await world.house.apps.set_policy(world.app, "confirm_email", False, ORIGIN)
    with refused(Code.FEATURE_OFF):
        await world.house.links.send(app, Purpose.EMAIL_CONFIRM, ADA, ORIGIN)


async def test_a_banned_user_gets_no_session_from_a_link(world: World):
    token = link_token(await mailed(world, Purpose.MAGIC_LINK))
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)
    with refused(Code.LINK_SUPERSEDED):
        await confirm(world, token)


async def test_a_link_asked_for_after_a_ban_opens_nothing(world: World):
    await world.user(ADA)
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)
    await world.house.links.send(world.app, Purpose.MAGIC_LINK, ADA, ORIGIN)
    confirmed = await confirm(world, link_token(await world.mail(MessageKind.MAGIC_LINK, ADA)))
    assert confirmed.token is not None
    with refused(Code.USER_BANNED):
        await redeem(world, confirmed.token.reveal())
