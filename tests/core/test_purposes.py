"""The purpose matrix: a secret does what it was made for, and nothing else."""

from collections.abc import Awaitable, Callable

import pytest

from tests.checks import code_of
from tests.core.journeys import ADA, LINKED, NEW, access_token, confirm, current_of, mailed, redeem, reset
from tests.world import ORIGIN, World, link_token
from vestibule.core.apps.model import KeyKind
from vestibule.core.signin.links import Confirmed
from vestibule.core.signin.model import Purpose
from vestibule.kernel.errors import DomainError
from vestibule.kernel.ids import SYSTEM_APP


async def _operator_link(world: World) -> str:
    user_id = await world.house.operators.ensure("op@acme.test", ORIGIN)
    return (await world.house.operators.link(user_id)).reveal()


async def _session(world: World) -> str:
    await world.user(ADA)
    return (await world.sign_in(ADA)).token.reveal()


async def _own_grant(world: World) -> str:
    await world.user(ADA)
    return (await world.house.grants.issue(await current_of(world))).reveal()


async def _flow(world: World) -> str:
    return world.house.attempts.new_token(world.app).reveal()


async def _device(world: World) -> str:
    return (await world.device())[1].reveal()


async def _client_key(world: World) -> str:
    return world.client_key


async def _api_key(world: World) -> str:
    return world.api_key


def _link(purpose: Purpose):
    async def make(world: World) -> str:
        return link_token(await mailed(world, purpose))

    return make


def _access(purpose: Purpose):
    async def make(world: World) -> str:
        return await access_token(world, purpose)

    return make


SECRETS = {
    **{f"link of {purpose}": (_link(purpose), "confirm") for purpose in LINKED},
    "access token of a confirmation": (_access(Purpose.EMAIL_CONFIRM), "redeem"),
    "access token of a magic link": (_access(Purpose.MAGIC_LINK), "redeem"),
    "access token of the signed-in page": (_own_grant, "redeem"),
    "access token of a reset": (_access(Purpose.RESET_PASSWORD), "reset"),
    "operator link": (_operator_link, "come in"),
    "session": (_session, "session"),
    "client key": (_client_key, "client key"),
    "api key": (_api_key, "api key"),
    "flow": (_flow, "flow"),
    "device": (_device, "device"),
}


async def _operator_session(world: World, token: str):
    await world.house.operators.ensure("op@acme.test", ORIGIN)
    return await world.house.sessions.check(await world.house.apps.get(SYSTEM_APP), token)


async def _device_of(world: World, token: str):
    device = await world.house.devices.find(world.app, token)
    if device is None:
        raise LookupError
    return device


USES: dict[str, Callable[[World, str], Awaitable[object]]] = {
    "confirm": confirm,
    "redeem": redeem,
    "reset": reset,
    "come in": lambda world, token: world.house.operators.come_in(token, ORIGIN),
    "session": lambda world, token: world.house.sessions.check(world.app, token),
    "operator session": _operator_session,
    "client key": lambda world, token: world.house.apps.check_key(token, KeyKind.CLIENT),
    "api key": lambda world, token: world.house.apps.check_key(token, KeyKind.API),
    "flow": lambda world, token: world.house.attempts.carry(world.app, token, "sign-in", {"a": "b"}),
    "device": _device_of,
}


async def _works(world: World, use: str, token: str) -> bool:
    try:
        await USES[use](world, token)
    except (DomainError, LookupError):
        return False
    return True


@pytest.mark.parametrize("name", SECRETS)
async def test_a_secret_works_only_where_it_belongs(world: World, name):
    make, own = SECRETS[name]
    token = await make(world)
    elsewhere = [use for use in USES if use != own]
    assert [use for use in elsewhere if await _works(world, use, token)] == []
    assert await _works(world, own, token), "and being refused elsewhere has not used it up"


@pytest.mark.parametrize("made_for", LINKED)
async def test_a_code_works_only_for_its_purpose(world: World, made_for):
    code = code_of(await mailed(world, made_for))
    email = NEW if made_for is Purpose.CHANGE_EMAIL else ADA
    for purpose in (*(each for each in LINKED if each is not made_for), made_for):
        try:
            confirmed = await world.house.links.confirm_code(world.app, purpose, email, code, ORIGIN)
        except DomainError:
            assert purpose is not made_for
        else:
            assert isinstance(confirmed, Confirmed)
            assert purpose is made_for


async def test_a_code_works_only_for_its_own_address(world: World):
    await world.user("eve@acme.test")
    code = code_of(await mailed(world, Purpose.MAGIC_LINK))
    with pytest.raises(DomainError):
        await world.house.links.confirm_code(world.app, Purpose.MAGIC_LINK, "eve@acme.test", code, ORIGIN)


async def test_a_code_that_was_moved_to_another_row_does_not_work_there(world: World):
    """What is stored of a code is bound to its row and purpose: six digits alone would be found everywhere."""
    code = code_of(await mailed(world, Purpose.MAGIC_LINK))
    await world.house.links.send(world.app, Purpose.RESET_PASSWORD, ADA, ORIGIN)
    world.running.store._writer.execute(
        "UPDATE challenge SET code_mac = (SELECT code_mac FROM challenge WHERE purpose = 'magic-link')"
    )
    with pytest.raises(DomainError):
        await world.house.links.confirm_code(world.app, Purpose.RESET_PASSWORD, ADA, code, ORIGIN)
