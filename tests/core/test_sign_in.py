"""Sign-in with e-mail and password."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.checks import events, position, refused, rows
from tests.world import ORIGIN, PASSWORD, World
from vestibule.kernel.clock import MINUTE_MS
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.secret import Secret

ADA = "ada@acme.test"
WRONG = "not-the-right-1-password"


async def _fail(world: World, times: int, origin=ORIGIN) -> None:
    for _ in range(times):
        with refused(Code.INVALID_CREDENTIALS):
            await world.sign_in(ADA, WRONG, origin)


async def test_the_right_password_opens_a_session(world: World):
    user_id = await world.user(ADA)
    opened = await world.sign_in(ADA)
    current = await world.house.sessions.check(world.app, opened.token.reveal())
    assert current.session.user_id == user_id


@pytest.mark.parametrize("spelling", ["ADA@acme.test", " ada@acme.test ", "ada@ACME.Test", "ａda@acme.test"])
async def test_every_spelling_of_the_address_is_the_same_user(world: World, spelling):
    user_id = await world.user(ADA)
    assert (await world.sign_in(spelling)).person.user.id == user_id


@pytest.mark.parametrize("email", [ADA, "nobody@acme.test", "", "no address", "x" * 1000])
async def test_wrong_password_and_unknown_user_are_one_refusal(world: World, email):
    await world.user(ADA)
    with refused(Code.INVALID_CREDENTIALS):
        await world.sign_in(email, WRONG)


async def test_an_unconfirmed_address_is_told_only_to_who_knows_the_password(world: World):
    await world.sign_up(ADA)
    with refused(Code.EMAIL_NOT_VERIFIED):
        await world.sign_in(ADA)
    with refused(Code.INVALID_CREDENTIALS):
        await world.sign_in(ADA, WRONG)


async def test_a_banned_user_does_not_come_in(world: World):
    await world.user(ADA)
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)
    with refused(Code.USER_BANNED):
        await world.sign_in(ADA)


async def test_an_unbanned_user_comes_in_again(world: World):
    await world.user(ADA)
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)
    await world.house.user_admin.unban(world.app, ADA, ORIGIN)
    await world.sign_in(ADA)


async def test_a_deleted_user_is_unknown(world: World):
    await world.user(ADA)
    await world.house.user_admin.delete(world.app, ADA, ORIGIN)
    with refused(Code.INVALID_CREDENTIALS):
        await world.sign_in(ADA)


async def test_an_outdated_hash_is_made_anew(world: World):
    await world.user(ADA)
    world.hasher.generation = 2
    await world.sign_in(ADA)
    live = rows(world, "SELECT secret FROM credential WHERE removed_at_ms IS NULL")
    assert [secret.partition(":")[0] for secret in live] == ["cheap2"]
    await world.sign_in(ADA)


async def test_a_current_hash_stays(world: World):
    await world.user(ADA)
    before = rows(world, "SELECT id FROM credential")
    await world.sign_in(ADA)
    assert rows(world, "SELECT id FROM credential") == before


async def test_a_rehash_never_overwrites_a_change_of_password(world: World):
    """The password changes while the old one is being hashed anew: the change stays."""
    await world.user(ADA)
    current = await world.house.sessions.check(world.app, (await world.sign_in(ADA)).token.reveal())
    world.hasher.generation = 2
    new = "a-brand-new-3-password"
    service = replace(world.house.password_sign_in, hasher=_Slow(world, current, new))
    with refused(Code.INVALID_CREDENTIALS):
        await service.sign_in(world.app, ADA, Secret(PASSWORD), ORIGIN)
    await world.sign_in(ADA, new)


class _Slow:
    """A hasher during whose work the user changes the password."""

    def __init__(self, world: World, current, new: str) -> None:
        self.world, self.current, self.new = world, current, new

    def __getattr__(self, name: str):
        return getattr(self.world.hasher, name)

    async def hash(self, password: Secret[str]) -> str:
        hashed = await self.world.hasher.hash(password)
        await self.world.house.changes.change_password(self.current, Secret(self.new), Secret(PASSWORD), ORIGIN)
        return hashed


async def test_ten_failures_then_a_wait(world: World):
    await world.user(ADA)
    await _fail(world, 10)
    with refused(Code.TOO_MANY_ATTEMPTS, retry_after_s=30):
        await world.sign_in(ADA)


async def test_the_wait_doubles_with_every_further_failure(world: World):
    await world.user(ADA)
    await _fail(world, 10)
    for wait_s in (30, 60, 120, 240, 480, 900, 900):
        with refused(Code.TOO_MANY_ATTEMPTS, retry_after_s=wait_s):
            await world.sign_in(ADA, WRONG)
        world.clock.tick(wait_s * 1000)
        if wait_s < 900:
            await _fail(world, 1)
            continue
        break


async def test_an_unknown_address_waits_alike(world: World):
    waits = []
    await world.user(ADA)
    for email in (ADA, "nobody@acme.test"):
        for _ in range(11):
            with pytest.raises(DomainError) as caught:
                await world.sign_in(email, WRONG)
        waits.append((caught.value.code, caught.value.fields))
        world.clock.tick(MINUTE_MS)
    assert waits[0] == waits[1]


async def test_a_success_ends_the_run_of_failures(world: World):
    await world.user(ADA)
    await _fail(world, 9)
    await world.sign_in(ADA)
    await _fail(world, 10)


async def test_a_hundred_failures_close_the_password_until_a_reset(world: World):
    await world.user(ADA)
    failures = 0
    while failures < 100:
        try:
            await world.sign_in(ADA, WRONG)
        except DomainError as error:
            failures += error.code is Code.INVALID_CREDENTIALS
            world.clock.tick(int(error.fields.get("retry_after_s", 0)) * 1000)
    world.clock.tick(30 * 24 * 60 * MINUTE_MS)
    with refused(Code.TOO_MANY_ATTEMPTS):
        await world.sign_in(ADA)
    await world.house.user_admin.set_password(world.app, ADA, Secret("a-brand-new-3-password"), ORIGIN)
    await world.sign_in(ADA, "a-brand-new-3-password")


async def _known_device(world: World):
    device, _ = await world.device()
    origin = replace(ORIGIN, device_id=device.id)
    await world.sign_in(ADA, origin=origin)
    return origin


async def test_a_stranger_cannot_lock_the_owner_out_of_a_known_device(world: World):
    await world.user(ADA)
    own = await _known_device(world)
    await _fail(world, 10)
    await world.sign_in(ADA, origin=own)
    with refused(Code.TOO_MANY_ATTEMPTS):
        await world.sign_in(ADA)


async def test_an_unknown_device_has_no_run_of_its_own(world: World):
    await world.user(ADA)
    device, _ = await world.device()
    await _fail(world, 10)
    with refused(Code.TOO_MANY_ATTEMPTS):
        await world.sign_in(ADA, origin=replace(ORIGIN, device_id=device.id))


async def test_a_reset_also_opens_a_device_that_failed_too_often(world: World):
    await world.user(ADA)
    own = await _known_device(world)
    await _fail(world, 10, own)
    await world.house.user_admin.set_password(world.app, ADA, Secret("a-brand-new-3-password"), ORIGIN)
    await world.sign_in(ADA, "a-brand-new-3-password", own)


async def test_a_burst_gets_no_more_tries_than_there_are(world: World):
    await world.user(ADA)
    before = world.hasher.work
    results = await asyncio.gather(*(world.sign_in(ADA, WRONG) for _ in range(40)), return_exceptions=True)
    wrong = [each for each in results if isinstance(each, DomainError) and each.code is Code.INVALID_CREDENTIALS]
    assert (len(wrong), world.hasher.work - before) == (10, 10)


@pytest.mark.parametrize("password", [PASSWORD, WRONG])
async def test_every_attempt_is_one_event(world: World, password):
    await world.user(ADA)
    before = position(world)
    with suppress(DomainError):
        await world.sign_in(ADA, password)
    assert events(world, before)["sign_in.attempt"] == 1
