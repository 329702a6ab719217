"""Sign-up is a registration: it claims nothing until its address is confirmed."""

import pytest

from tests.checks import events, position, refused, rows
from tests.world import ORIGIN, PASSWORD, World, link_token
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.signup import Wanted
from vestibule.kernel.clock import HOUR_MS
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.secret import Secret

ADA = "ada@acme.test"


async def _confirm(world: World, token: str):
    return await world.house.links.confirm(world.app, token, ORIGIN)


async def test_nobody_is_a_user_before_confirming(world: World):
    await world.sign_up(ADA)
    assert rows(world, 'SELECT id FROM "user"') == []
    assert rows(world, "SELECT id FROM identifier") == []


async def test_confirming_makes_the_promised_user_under_the_promised_id(world: World):
    promised = await world.sign_up(ADA, name="Ada")
    await _confirm(world, link_token(await world.mail(MessageKind.VERIFY, ADA)))
    person = await world.house.users.find(world.app, promised)
    assert person is not None
    assert (person.email, person.is_email_verified, person.user.profile) == (ADA, True, {"name": "Ada"})


async def test_several_registrations_of_one_address_have_ids_of_their_own(world: World):
    first = await world.sign_up(ADA)
    world.clock.tick(61_000)
    second = await world.sign_up(ADA, "another-fine-9-password")
    assert first != second
    assert rows(world, "SELECT count(*) FROM registration WHERE ended_at_ms IS NULL") == [2]


async def test_confirming_one_registration_ends_the_others(world: World):
    await world.sign_up(ADA, "the-squatter-chose-1-this")
    squatter = link_token(await world.mail(MessageKind.VERIFY, ADA))
    world.clock.tick(61_000)
    promised = await world.sign_up(ADA)
    await _confirm(world, link_token(await world.mail(MessageKind.VERIFY, ADA)))
    with refused(Code.LINK_SUPERSEDED):
        await _confirm(world, squatter)
    assert rows(world, 'SELECT id FROM "user"') == [promised]


async def test_only_the_confirmed_password_opens(world: World):
    await world.sign_up(ADA, "the-squatter-chose-1-this")
    world.clock.tick(61_000)
    await world.sign_up(ADA)
    await _confirm(world, link_token(await world.mail(MessageKind.VERIFY, ADA)))
    await world.sign_in(ADA)
    with refused(Code.INVALID_CREDENTIALS):
        await world.sign_in(ADA, "the-squatter-chose-1-this")


async def test_a_taken_address_is_told_to_its_owner_only(world: World):
    await world.user(ADA)
    await world.sign_up(ADA, "somebody-else-2-entirely")
    mail = await world.mail(MessageKind.ACCOUNT_EXISTS, ADA)
    assert mail.code is None


async def test_a_taken_address_cannot_be_taken_over_by_confirming(world: World):
    await world.user(ADA)
    await world.sign_up(ADA, "somebody-else-2-entirely")
    await world.deliver()
    with refused(Code.EMAIL_NOT_VERIFIED):
        await world.sign_in(ADA, "somebody-else-2-entirely")
    await world.sign_in(ADA)


async def test_a_registration_ends_with_its_time(world: World):
    await world.sign_up(ADA)
    token = link_token(await world.mail(MessageKind.VERIFY, ADA))
    world.clock.tick(24 * HOUR_MS)
    with refused(Code.LINK_EXPIRED):
        await _confirm(world, token)


async def test_without_confirmation_the_user_is_there_at_once(world: World):
    world.app = await world.house.apps.set_policy(world.app, "confirm_email", False, ORIGIN)
    signed_up = await world.house.sign_up.sign_up(world.app, Wanted(ADA, Secret(PASSWORD), {}), ORIGIN)
    assert signed_up.opened is not None
    assert not signed_up.person.is_email_verified


async def test_without_confirmation_a_taken_address_is_refused(world: World):
    world.app = await world.house.apps.set_policy(world.app, "confirm_email", False, ORIGIN)
    await world.sign_up(ADA)
    with refused(Code.EMAIL_TAKEN, field="email"):
        await world.sign_up(ADA)


async def test_an_app_may_choose_to_reveal_taken_addresses(world: World):
    await world.user(ADA)
    world.app = await world.house.apps.set_policy(world.app, "reveal_taken_email", True, ORIGIN)
    with refused(Code.EMAIL_TAKEN, field="email"):
        await world.sign_up(ADA)


async def test_closed_sign_up_refuses_everybody(world: World):
    world.app = await world.house.apps.set_policy(world.app, "sign_up_open", False, ORIGIN)
    with refused(Code.FEATURE_OFF):
        await world.sign_up(ADA)


@pytest.mark.parametrize(
    ("email", "password", "values", "codes"),
    [
        ("no-address", PASSWORD, {}, [Code.EMAIL_INVALID]),
        (ADA, "short", {}, [Code.PASSWORD_TOO_SHORT]),
        (ADA, "x" * 257, {}, [Code.PASSWORD_TOO_LONG]),
        (ADA, "password123", {}, [Code.PASSWORD_COMMON]),
        (ADA, "ada@acme.test", {}, [Code.PASSWORD_SIMILAR]),
        ("no-address", "short", {}, [Code.EMAIL_INVALID, Code.PASSWORD_TOO_SHORT]),
        (ADA, PASSWORD, {"emailVerified": True}, [Code.FIELD_PROTECTED]),
        (ADA, PASSWORD, {"color": "red"}, [Code.FIELD_UNKNOWN]),
        (ADA, PASSWORD, {"name": 7}, [Code.FIELD_INVALID]),
        ("Ada", "ada@x.test", {"name": PASSWORD}, [Code.EMAIL_INVALID, Code.PASSWORD_IS_EMAIL]),
    ],
)
async def test_each_bad_field_is_one_problem(world: World, email, password, values, codes):
    with pytest.raises(DomainError) as caught:
        await world.sign_up(email, password, **values)
    assert [each.code for each in caught.value.each()] == codes


async def test_a_refused_form_leaves_nothing(world: World):
    before = position(world)
    with refused(Code.PASSWORD_TOO_SHORT):
        await world.sign_up(ADA, "short")
    assert rows(world, "SELECT id FROM registration") == []
    assert rows(world, "SELECT id FROM outbox") == []
    assert not events(world, before)
