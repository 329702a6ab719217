"""Codes by mail: six digits, ten minutes, five tries."""

import asyncio

import pytest

from tests.checks import code_of, events, position, refused, rows
from tests.core.journeys import ADA, mailed, redeem
from tests.world import ORIGIN, World, link_token
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.links import Confirmed
from vestibule.core.signin.model import Purpose
from vestibule.kernel.clock import MINUTE_MS, SECOND_MS
from vestibule.kernel.errors import Code

MAGIC = Purpose.MAGIC_LINK


async def _try(world: World, code: str, email: str = ADA) -> Confirmed:
    return await world.house.links.confirm_code(world.app, MAGIC, email, code, ORIGIN)


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


@pytest.mark.parametrize("typed", ["{a}{b}", " {a}{b} ", "{a}-{b}", "{a} {b}", "{a}\u00a0{b}", "{a} - {b}"])
async def test_a_code_may_be_typed_with_dashes_and_blanks(world: World, typed):
    code = code_of(await mailed(world, MAGIC))
    confirmed = await _try(world, typed.format(a=code[:3], b=code[3:]))
    assert confirmed.token is not None
    await redeem(world, confirmed.token.reveal())


@pytest.mark.parametrize("email", ["ADA@ACME.TEST", " ada@acme.test "])
async def test_the_address_may_be_typed_in_every_spelling(world: World, email):
    await _try(world, code_of(await mailed(world, MAGIC)), email)


async def test_a_code_works_a_second_before_its_end(world: World):
    code = code_of(await mailed(world, MAGIC))
    world.clock.tick(10 * MINUTE_MS - SECOND_MS)
    await _try(world, code)


async def test_a_code_is_dead_a_second_after_its_end(world: World):
    code = code_of(await mailed(world, MAGIC))
    world.clock.tick(10 * MINUTE_MS + SECOND_MS)
    with refused(Code.CODE_WRONG):
        await _try(world, code)


async def test_its_link_outlives_the_code(world: World):
    mail = await mailed(world, MAGIC)
    world.clock.tick(10 * MINUTE_MS + SECOND_MS)
    await world.house.links.confirm(world.app, link_token(mail), ORIGIN)


async def test_a_wrong_code_says_how_many_tries_are_left(world: World):
    code = code_of(await mailed(world, MAGIC))
    for left in (4, 3, 2, 1, 0):
        with refused(Code.CODE_WRONG, tries_left=left):
            await _try(world, _wrong(code))


async def test_after_five_tries_the_right_code_is_dead_too(world: World):
    code = code_of(await mailed(world, MAGIC))
    for _ in range(5):
        with refused(Code.CODE_WRONG):
            await _try(world, _wrong(code))
    with refused(Code.CODE_WRONG):
        await _try(world, code)


async def test_the_fifth_try_may_still_be_right(world: World):
    code = code_of(await mailed(world, MAGIC))
    for _ in range(4):
        with refused(Code.CODE_WRONG):
            await _try(world, _wrong(code))
    await _try(world, code)


async def test_a_code_works_once(world: World):
    code = code_of(await mailed(world, MAGIC))
    await _try(world, code)
    with refused(Code.CODE_WRONG):
        await _try(world, code)


async def test_using_the_code_uses_the_link(world: World):
    mail = await mailed(world, MAGIC)
    await _try(world, code_of(mail))
    with refused(Code.LINK_USED):
        await world.house.links.confirm(world.app, link_token(mail), ORIGIN)


async def test_a_newer_code_ends_the_older(world: World):
    older = code_of(await mailed(world, MAGIC))
    world.clock.tick(61_000)
    await world.house.links.send(world.app, MAGIC, ADA, ORIGIN)
    with refused(Code.CODE_WRONG):
        await _try(world, older)
    await _try(world, code_of(await world.mail(MessageKind.MAGIC_LINK, ADA)))


async def test_of_ten_right_codes_at_once_one_succeeds(world: World):
    code = code_of(await mailed(world, MAGIC))
    results = await asyncio.gather(*(_try(world, code) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(each, Confirmed) for each in results) == 1


async def test_a_burst_of_wrong_codes_gets_five_tries(world: World):
    code = code_of(await mailed(world, MAGIC))
    await asyncio.gather(*(_try(world, _wrong(code)) for _ in range(50)), return_exceptions=True)
    assert rows(world, "SELECT tries_left FROM challenge WHERE purpose = ?", MAGIC) == [0]


async def test_an_unknown_address_refuses_as_a_wrong_code_does(world: World):
    with refused(Code.CODE_WRONG):
        await _try(world, "123456", "nobody@acme.test")


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\x00", "9" * 5000])
async def test_what_is_no_code_is_a_wrong_code(world: World, code):
    await mailed(world, MAGIC)
    with refused(Code.CODE_WRONG):
        await _try(world, code)


async def test_a_failed_code_is_a_failed_sign_in_in_the_log(world: World):
    code = code_of(await mailed(world, MAGIC))
    before = position(world)
    with refused(Code.CODE_WRONG):
        await _try(world, _wrong(code))
    assert events(world, before) == {"sign_in.attempt": 1}
