"""Every one-time secret: how a fresh one is made, how it is used through HTTP, and what one use does.

A registry: `test_secrets.py` fails when a purpose of the house is not here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from tests.world import ORIGIN, World, link_token
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import MAILED, Purpose
from vestibule.kernel.ids import UserId

AUTH = "/_api/rest/v1/auth"
Use = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class OneTime:
    """One kind of secret."""

    name: str
    purpose: Purpose
    form: str
    """`link`, `code` or `token`."""
    make: Callable[[World, UserId, int], Awaitable[Use]]
    won: Callable[[httpx.Response], bool]
    effect: dict[str, int]
    """What the database has more of after one use: rows of a table, or events of a type."""
    is_repeatable: bool = False
    """Whether every caller gets the first one's answer."""


MAILS = {
    Purpose.EMAIL_CONFIRM: MessageKind.VERIFY,
    Purpose.MAGIC_LINK: MessageKind.MAGIC_LINK,
    Purpose.RESET_PASSWORD: MessageKind.RESET,
    Purpose.CHANGE_EMAIL: MessageKind.CHANGE_EMAIL,
}
EFFECTS = {
    # A registration becomes a user, and the redirect carries an access token (another challenge).
    Purpose.EMAIL_CONFIRM: {"user": 1, "identifier": 1, "credential": 1, "challenge": 1, "session": 0, "outbox": 0},
    Purpose.MAGIC_LINK: {"challenge": 1, "session": 0, "outbox": 0, "link.confirmed": 1},
    Purpose.RESET_PASSWORD: {"challenge": 1, "session": 0, "outbox": 0, "link.confirmed": 1},
    # The old address is told; nobody is signed in.
    Purpose.CHANGE_EMAIL: {"identifier": 1, "challenge": 0, "session": 0, "outbox": 1, "email.changed": 1},
}


async def ask(world: World, ada: UserId, purpose: Purpose, number: int) -> str:
    """Have the mail of this purpose sent; answers to whom. One user serves all races: each has a secret of its own."""
    address = f"user{number}@acme.test"
    if purpose is Purpose.EMAIL_CONFIRM:
        await world.sign_up(address)
        return address
    if purpose is Purpose.CHANGE_EMAIL:
        await world.house.changes.ask_email(world.app, ada, address, ORIGIN)
        return address
    await world.house.links.send(world.app, purpose, "ada@acme.test", ORIGIN)
    return "ada@acme.test"


def link(purpose: Purpose) -> OneTime:
    async def make(world: World, ada: UserId, number: int) -> Use:
        token = link_token(await world.mail(MAILS[purpose], await ask(world, ada, purpose, number)))
        return lambda client: client.post(
            f"{AUTH}/verify", data={"do": "confirm", "key": token, "action": purpose.value}
        )

    return OneTime(f"{purpose} link", purpose, "link", make, is_sent_on, EFFECTS[purpose])


def code(purpose: Purpose) -> OneTime:
    async def make(world: World, ada: UserId, number: int) -> Use:
        address = await ask(world, ada, purpose, number)
        typed = (await world.mail(MAILS[purpose], address)).code
        form = {"do": "verify", "key": "", "action": purpose.value, "email": address, "code": typed}
        return lambda client: client.post(f"{AUTH}/verify", data=form)

    return OneTime(f"{purpose} code", purpose, "code", make, is_sent_on, EFFECTS[purpose])


def is_sent_on(response: httpx.Response) -> bool:
    return response.status_code == 303 and "status=200" in response.headers["location"]


async def make_grant(world: World, ada: UserId, number: int) -> Use:
    await ask(world, ada, Purpose.MAGIC_LINK, number)
    token = link_token(await world.mail(MessageKind.MAGIC_LINK))
    confirmed = await world.house.links.confirm(world.app, token, ORIGIN)
    assert confirmed.token is not None
    key = confirmed.token.reveal()
    return lambda client: client.get(f"{AUTH}/grant", params={"key": key})


async def make_reset_grant(world: World, ada: UserId, number: int) -> Use:
    await ask(world, ada, Purpose.RESET_PASSWORD, number)
    token = link_token(await world.mail(MessageKind.RESET))
    confirmed = await world.house.links.confirm(world.app, token, ORIGIN)
    assert confirmed.token is not None
    key = confirmed.token.reveal()
    body = {"newPassword": f"another-horse-{number}-battery"}
    return lambda client: client.post(f"{AUTH}/reset-pwd", params={"key": key}, json=body)


async def make_operator_link(world: World, _ada: UserId, _number: int) -> Use:
    operator = await world.house.operators.ensure("root@acme.test", ORIGIN)
    key = (await world.house.operators.link(operator)).reveal()
    async with world.client() as browser:
        page = await browser.get("http://localhost/operator", params={"key": key})
    form = dict(re.findall(r'name="(csrf|key)" value="([^"]+)"', page.text))
    cookie = page.headers["set-cookie"].partition(";")[0]
    return lambda client: client.post(
        "http://localhost/operator", data={"do": "open", **form}, headers={"Cookie": cookie}
    )


def is_fine(response: httpx.Response) -> bool:
    return response.status_code == 200


SECRETS = (
    *(link(purpose) for purpose in MAILED),
    *(code(purpose) for purpose in MAILED),
    OneTime(
        "grant",
        Purpose.GRANT,
        "token",
        make_grant,
        is_fine,
        {"session": 1, "session.opened": 1, "challenge": 0, "outbox": 0},
        is_repeatable=True,
    ),
    OneTime(
        "reset-grant",
        Purpose.RESET_GRANT,
        "token",
        make_reset_grant,
        is_fine,
        {"credential": 1, "session": 0, "outbox": 1, "password.reset": 1},
    ),
    OneTime(
        "operator link",
        Purpose.OPERATOR_LINK,
        "link",
        make_operator_link,
        lambda response: "_000000000000000000000000=ss_" in response.headers.get("set-cookie", ""),
        {"session": 1, "session.opened": 1, "operator.link_used": 1, "outbox": 0},
    ),
)
