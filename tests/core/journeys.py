"""Ways to a one-time secret, shared by the tests of the sign-in slice."""

from __future__ import annotations

from tests.world import ORIGIN, PASSWORD, World, link_token
from vestibule.core.messages.model import Message
from vestibule.core.sessions.sessions import Current
from vestibule.core.signin.links import Confirmed
from vestibule.core.signin.mails import KINDS
from vestibule.core.signin.model import Purpose
from vestibule.kernel.secret import Secret

ADA, NEW = "ada@acme.test", "ada@new.test"
FRESH_PASSWORD = "a-brand-new-3-password"
LINKED = (Purpose.EMAIL_CONFIRM, Purpose.MAGIC_LINK, Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL)


async def current_of(world: World, email: str = ADA, password: str = PASSWORD) -> Current:
    """A signed-in user as the services know it."""
    opened = await world.sign_in(email, password)
    return await world.house.sessions.check(world.app, opened.token.reveal())


async def mailed(world: World, purpose: Purpose) -> Message:
    """Ada's mail of this purpose; she is a user already, except when it is her first confirmation."""
    if purpose is Purpose.EMAIL_CONFIRM:
        await world.sign_up(ADA)
        return await world.mail(KINDS[purpose], ADA)
    await world.user(ADA)
    if purpose is Purpose.CHANGE_EMAIL:
        await world.house.changes.change_email(await current_of(world), NEW, Secret(PASSWORD), ORIGIN)
        return await world.mail(KINDS[purpose], NEW)
    await world.house.links.send(world.app, purpose, ADA, ORIGIN)
    return await world.mail(KINDS[purpose], ADA)


async def confirm(world: World, token: str) -> Confirmed:
    """Press the button of a link's page."""
    return await world.house.links.confirm(world.app, token, ORIGIN)


async def access_token(world: World, purpose: Purpose) -> str:
    """The access token that a confirmed link of this purpose gives."""
    confirmed = await confirm(world, link_token(await mailed(world, purpose)))
    assert confirmed.token is not None
    return confirmed.token.reveal()


async def redeem(world: World, token: str, key_id: str = "key"):
    """getAuthGrant."""
    return await world.house.grants.redeem(world.app, token, key_id, ORIGIN)


async def reset(world: World, token: str, password: str = FRESH_PASSWORD) -> str:
    """resetPwdWithToken."""
    return await world.house.changes.reset_password(world.app, token, Secret(password), ORIGIN)
