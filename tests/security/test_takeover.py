"""Ways to somebody else's account that were open once, and stay shut."""

from contextlib import suppress
from dataclasses import replace

import pytest

from tests.checks import code_of, refused, rows
from tests.web.pages.browser import browsing
from tests.world import ORIGIN, PASSWORD, REDIRECT, World, link_token
from vestibule.core.apps.policy import Policy
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.links import Confirmed
from vestibule.core.signin.model import Purpose
from vestibule.core.signin.signup import Wanted
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import SYSTEM_APP
from vestibule.kernel.secret import Secret

ADA = "ada@acme.test"
THIEF = "thief@evil.test"
NEW = Secret("quite-another-9-sentence")
LANDING = "/_api/rest/v1/auth/verify"


async def reset(world: World, email: str = ADA) -> None:
    """What the owner of an address does."""
    await world.house.links.send(world.app, Purpose.RESET_PASSWORD, email, ORIGIN)
    confirmed = await confirm(world, MessageKind.RESET, email)
    assert confirmed.token is not None
    await world.house.changes.reset_password(world.app, confirmed.token.reveal(), NEW, ORIGIN)


async def confirm(world: World, kind: MessageKind, email: str) -> Confirmed:
    return await world.house.links.confirm(world.app, link_token(await world.mail(kind, email)), ORIGIN)


async def test_a_change_of_address_that_a_reset_made_void_is_not_sent_again(world: World):
    await world.user(ADA)
    thief = await world.house.sessions.check(world.app, (await world.sign_in()).token.reveal())
    await world.house.changes.change_email(thief, THIEF, Secret(PASSWORD), ORIGIN)
    dead = link_token(await world.mail(MessageKind.CHANGE_EMAIL, THIEF))
    await reset(world)
    world.clock.tick(61_000)
    with refused(Code.LINK_INVALID):
        await world.house.links.send_again(world.app, dead, ORIGIN)
    assert len([mail for mail in await world.deliver() if mail.to == THIEF]) == 1


async def test_operators_get_no_mail_and_no_session_through_the_pages(world: World):
    await world.house.operators.ensure("op@acme.test", ORIGIN)
    key = f"lk_{SYSTEM_APP}_{'A' * 43}"
    form = {"key": key, "action": "magic-link", "email": "op@acme.test", "code": "123456"}
    async with world.client() as client:
        for do in ("resend", "verify"):
            answer = await client.post(f"http://localhost{LANDING}?key={key}", data={**form, "do": do})
            assert answer.status_code == 404
    system = await world.house.apps.get(SYSTEM_APP)
    with refused(Code.FEATURE_OFF):
        await world.house.links.send(system, Purpose.MAGIC_LINK, "op@acme.test", ORIGIN)
    assert await world.deliver() == []


async def test_a_change_that_was_hashing_during_a_reset_loses(world: World):
    await world.user(ADA)
    thief = await world.house.sessions.check(world.app, (await world.sign_in()).token.reveal())
    honest = world.hasher.hash

    async def hash_while_the_owner_resets(password: Secret[str]) -> str:
        world.hasher.hash = honest  # type: ignore[method-assign]  # only the first hash is slow
        await reset(world)
        return await honest(password)

    world.hasher.hash = hash_while_the_owner_resets  # type: ignore[method-assign]  # a slow queue
    with refused(Code.INVALID_CREDENTIALS):
        await world.house.changes.change_password(thief, Secret("thiefs-own-7-password"), Secret(PASSWORD), ORIGIN)
    assert (await world.sign_in(ADA, NEW.reveal())).person.email == ADA


async def test_a_flow_takes_its_own_code_and_no_rivals(world: World):
    async with browsing(world) as browser:
        await browser.get("/sign-up")
        await browser.press("sign-up", email=ADA, password=PASSWORD)
        own = code_of(await world.mail(MessageKind.VERIFY, ADA))
        world.clock.tick(61_000)
        await world.sign_up(ADA, "a-rivals-own-8-password")
        rivals = code_of(await world.mail(MessageKind.VERIFY, ADA))
        await browser.get("/code")
        answer = await browser.press("verify", code=rivals)
        assert answer.status_code == 422
        answer = await browser.press("verify", code=own)
        assert answer.status_code == 303
    assert (await world.sign_in(ADA, PASSWORD)).person.email == ADA


@pytest.fixture
async def unconfirmed(tmp_path):
    """An app that asks for no confirmation."""
    world = await World.open(tmp_path, Policy(redirect_url=REDIRECT, confirm_email=False))
    yield world
    await world.close()


async def test_the_owner_of_an_address_gets_it_back_by_a_reset(unconfirmed: World):
    squatter = await unconfirmed.house.sign_up.sign_up(unconfirmed.app, _wanted(ADA), ORIGIN)
    assert squatter.opened is not None
    await reset(unconfirmed)
    with refused(Code.SESSION_INVALID):
        await unconfirmed.house.sessions.check(unconfirmed.app, squatter.opened.token.reveal())
    with refused(Code.INVALID_CREDENTIALS):
        await unconfirmed.sign_in(ADA, PASSWORD)
    assert (await unconfirmed.sign_in(ADA, NEW.reveal())).person.is_email_verified


async def test_confirming_a_squatted_address_ends_what_the_squatter_holds(unconfirmed: World):
    squatter = await unconfirmed.house.sign_up.sign_up(unconfirmed.app, _wanted(ADA), ORIGIN)
    assert squatter.opened is not None
    world = replace(
        unconfirmed, app=await unconfirmed.house.apps.set_policy(unconfirmed.app, "confirm_email", True, ORIGIN)
    )
    await world.house.links.send(world.app, Purpose.EMAIL_CONFIRM, ADA, ORIGIN)
    await confirm(world, MessageKind.VERIFY, ADA)
    with refused(Code.SESSION_INVALID):
        await world.house.sessions.check(world.app, squatter.opened.token.reveal())
    with refused(Code.INVALID_CREDENTIALS):
        await world.sign_in(ADA, PASSWORD)


async def test_nobody_is_mailed_at_an_address_they_never_confirmed(unconfirmed: World):
    opened = (await unconfirmed.house.sign_up.sign_up(unconfirmed.app, _wanted(ADA), ORIGIN)).opened
    assert opened is not None
    current = await unconfirmed.house.sessions.check(unconfirmed.app, opened.token.reveal())
    await unconfirmed.house.changes.change_password(current, NEW, Secret(PASSWORD), ORIGIN)
    assert await unconfirmed.deliver() == []


async def test_a_stranger_over_the_limit_makes_no_counters(world: World):
    for number in range(25):
        with suppress(DomainError):
            await world.house.links.send(world.app, Purpose.MAGIC_LINK, f"user{number}@acme.test", ORIGIN)
    before = rows(world, "SELECT count(*) FROM limit_key")
    for number in range(100, 120):
        with refused(Code.TOO_MANY_ATTEMPTS):
            await world.house.links.send(world.app, Purpose.MAGIC_LINK, f"user{number}@acme.test", ORIGIN)
    assert rows(world, "SELECT count(*) FROM limit_key") == before


async def test_a_list_of_wrong_fields_ends_somewhere(world: World):
    values = {f"field {number}": 1 for number in range(5_000)}
    async with world.client() as client:
        answer = await client.post(
            "/_api/rest/v1/auth/signup-email", json={"email": ADA, "password": PASSWORD, "nameOrUserData": values}
        )
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 20)


async def test_a_form_of_too_many_fields_is_a_bad_request(world: World):
    async with browsing(world) as browser:
        answer = await browser.post(LANDING, {f"f{number}": "x" for number in range(60)})
    assert answer.status_code == 400


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost:3000"])
async def test_another_site_cannot_press_a_link_where_browsers_send_origin_alone(world: World, origin):
    await world.sign_up(ADA)
    key = link_token(await world.mail(MessageKind.VERIFY))
    async with browsing(world) as browser:
        answer = await browser.post(LANDING, {"key": key, "do": "confirm"}, Origin=origin)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


async def test_limits_and_codes_survive_a_turn_of_the_master_key(world: World):
    await world.user(ADA)
    await world.house.links.send(world.app, Purpose.MAGIC_LINK, ADA, ORIGIN)
    code = code_of(await world.mail(MessageKind.MAGIC_LINK))
    world.house.keys.turn()  # type: ignore[attr-defined]  # a ring in a file
    with refused(Code.TOO_MANY_ATTEMPTS):
        await world.house.links.send(world.app, Purpose.MAGIC_LINK, ADA, ORIGIN)
    confirmed = await world.house.links.confirm_code(world.app, Purpose.MAGIC_LINK, ADA, code, ORIGIN)
    assert confirmed.email == ADA


def _wanted(email: str) -> Wanted:
    return Wanted(email, Secret(PASSWORD), {})
