"""Changing password and address while signed in."""

from tests.checks import refused, rows
from tests.core.journeys import ADA, FRESH_PASSWORD, NEW, confirm, current_of
from tests.world import ORIGIN, PASSWORD, World, link_token
from vestibule.core.messages.model import MessageKind
from vestibule.kernel.errors import Code
from vestibule.kernel.secret import Secret

OLD = Secret(PASSWORD)


async def test_a_new_password_ends_all_other_sessions(world: World):
    await world.user(ADA)
    other = (await world.sign_in(ADA)).token.reveal()
    own = (await world.sign_in(ADA)).token.reveal()
    current = await world.house.sessions.check(world.app, own)
    await world.house.changes.change_password(current, Secret(FRESH_PASSWORD), OLD, ORIGIN)
    await world.house.sessions.check(world.app, own)
    with refused(Code.SESSION_INVALID):
        await world.house.sessions.check(world.app, other)


async def test_the_owner_is_told_of_a_new_password(world: World):
    await world.user(ADA)
    await world.house.changes.change_password(await current_of(world), Secret(FRESH_PASSWORD), OLD, ORIGIN)
    assert (await world.mail(MessageKind.PASSWORD_CHANGED)).to == ADA


async def test_the_old_password_must_be_right(world: World):
    await world.user(ADA)
    current = await current_of(world)
    with refused(Code.INVALID_CREDENTIALS, field="password"):
        await world.house.changes.change_password(current, Secret(FRESH_PASSWORD), Secret("not-it-9-really"), ORIGIN)
    await world.sign_in(ADA)


async def test_guesses_of_the_old_password_are_limited_and_lock_nobody_else_out(world: World):
    await world.user(ADA)
    current = await current_of(world)
    for _ in range(10):
        with refused(Code.INVALID_CREDENTIALS):
            await world.house.changes.change_password(
                current, Secret(FRESH_PASSWORD), Secret("not-it-9-really"), ORIGIN
            )
    with refused(Code.TOO_MANY_ATTEMPTS):
        await world.house.changes.change_password(current, Secret(FRESH_PASSWORD), OLD, ORIGIN)
    assert (await world.sign_in(ADA)).session.user_id == current.session.user_id


async def test_the_new_password_must_be_good(world: World):
    await world.user(ADA)
    current = await current_of(world)
    for bad, code in [("short", Code.PASSWORD_TOO_SHORT), ("password123", Code.PASSWORD_COMMON)]:
        with refused(code):
            await world.house.changes.change_password(current, Secret(bad), OLD, ORIGIN)


async def test_the_old_password_stays_as_a_removed_row(world: World):
    await world.user(ADA)
    await world.house.changes.change_password(await current_of(world), Secret(FRESH_PASSWORD), OLD, ORIGIN)
    assert rows(world, "SELECT removed_at_ms IS NULL FROM credential ORDER BY id") == [0, 1]


async def test_an_address_changes_only_when_the_new_one_confirms(world: World):
    await world.user(ADA)
    current = await current_of(world)
    person = await world.house.changes.change_email(current, NEW, OLD, ORIGIN)
    assert person.email == ADA
    await world.sign_in(ADA)
    await confirm(world, link_token(await world.mail(MessageKind.CHANGE_EMAIL, NEW)))
    assert (await world.sign_in(NEW)).person.is_email_verified
    with refused(Code.INVALID_CREDENTIALS):
        await world.sign_in(ADA)


async def test_the_old_address_is_told(world: World):
    await world.user(ADA)
    await world.house.changes.change_email(await current_of(world), NEW, OLD, ORIGIN)
    await confirm(world, link_token(await world.mail(MessageKind.CHANGE_EMAIL, NEW)))
    assert (await world.mail(MessageKind.EMAIL_CHANGED)).to == ADA


async def test_a_taken_address_gets_a_notice_and_nothing_changes(world: World):
    await world.user("eve@acme.test")
    await world.user(ADA)
    person = await world.house.changes.change_email(await current_of(world), "eve@acme.test", OLD, ORIGIN)
    assert person.email == ADA
    assert (await world.mail(MessageKind.ACCOUNT_EXISTS, "eve@acme.test")).code is None
    assert (await world.sign_in("eve@acme.test")).person.email == "eve@acme.test"


async def test_an_address_that_was_taken_meanwhile_does_not_change_hands(world: World):
    await world.user(ADA)
    await world.house.changes.change_email(await current_of(world), NEW, OLD, ORIGIN)
    pending = link_token(await world.mail(MessageKind.CHANGE_EMAIL, NEW))
    world.clock.tick(61_000)
    await world.user(NEW, "the-other-6-password")
    with refused(Code.LINK_SUPERSEDED):
        await confirm(world, pending)
    assert (await world.sign_in(ADA)).person.email == ADA


async def test_the_password_must_be_right_to_change_the_address(world: World):
    await world.user(ADA)
    current = await current_of(world)
    with refused(Code.INVALID_CREDENTIALS):
        await world.house.changes.change_email(current, NEW, Secret("not-it-9-really"), ORIGIN)
    assert NEW not in [mail.to for mail in await world.deliver()]


async def test_what_is_no_address_is_refused(world: World):
    await world.user(ADA)
    with refused(Code.EMAIL_INVALID, field="newEmail"):
        await world.house.changes.change_email(await current_of(world), "a@x,b@y", OLD, ORIGIN)


async def test_without_confirmation_the_address_changes_at_once(world: World):
    await world.user(ADA)
    await world.user("eve@acme.test")
    world.app = await world.house.apps.set_policy(world.app, "confirm_email", False, ORIGIN)
    current = await current_of(world)
    assert (await world.house.changes.change_email(current, NEW, OLD, ORIGIN)).email == NEW
    with refused(Code.EMAIL_TAKEN):
        await world.house.changes.change_email(current, "eve@acme.test", OLD, ORIGIN)


async def test_registrations_of_the_new_address_end(world: World):
    await world.sign_up(NEW)
    squatter = link_token(await world.mail(MessageKind.VERIFY, NEW))
    await world.user(ADA)
    await world.house.changes.change_email(await current_of(world), NEW, OLD, ORIGIN)
    await confirm(world, link_token(await world.mail(MessageKind.CHANGE_EMAIL, NEW)))
    with refused(Code.LINK_SUPERSEDED):
        await confirm(world, squatter)
