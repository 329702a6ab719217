"""A fresh and a taken address walk the same way: same answers, same work. Source: OWASP ASVS 6.3.8."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from tests.checks import Work, counted
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import Purpose
from vestibule.kernel.errors import DomainError
from vestibule.kernel.ids import UserId
from vestibule.kernel.secret import Secret

CHOSEN = "what-the-visitor-9-chose"
FRESH, TAKEN, PENDING = "new@acme.test", "ada@acme.test", "eve@acme.test"


@dataclass
class Walk:
    """What one visitor saw and what it cost."""

    answers: list[object] = field(default_factory=list)
    costs: list[tuple[str, Work]] = field(default_factory=list)

    async def step(self, world: World, name: str, call: Callable[[], Awaitable[object]]) -> None:
        with counted(world) as work:
            try:
                self.answers.append((name, await call()))
            except DomainError as error:
                self.answers.append((name, error.code, error.fields))
        self.costs.append((name, work))


async def _chain(world: World, email: str) -> Walk:
    """Sign up, sign in with the chosen and with a wrong password, resend, read and change the row."""
    walk, house, app = Walk(), world.house, world.app
    promised: list[UserId] = []

    async def sign_up() -> object:
        promised.append(await world.sign_up(email, CHOSEN, name="Somebody"))
        return "an id" if len(promised[0]) == 24 else promised[0]

    await walk.step(world, "sign-up", sign_up)
    await walk.step(world, "sign-in", lambda: world.sign_in(email, CHOSEN))
    await walk.step(world, "wrong password", lambda: world.sign_in(email, "not-what-was-5-chosen"))
    await walk.step(
        world, "resend at once", partial(_silently, house.links.send, app, Purpose.EMAIL_CONFIRM, email, ORIGIN)
    )
    world.clock.tick(61_000)
    await walk.step(world, "resend", partial(_silently, house.links.send, app, Purpose.EMAIL_CONFIRM, email, ORIGIN))
    await walk.step(world, "sign-in again", lambda: world.sign_in(email, CHOSEN))
    await walk.step(world, "get", lambda: house.users.find(app, promised[0]))
    await walk.step(world, "change", lambda: house.users.change(app, promised[0], {"name": "X"}, ORIGIN))
    return walk


@pytest.fixture
async def walks(world: World) -> tuple[Walk, Walk]:
    await world.user(TAKEN)
    return await _chain(world, FRESH), await _chain(world, TAKEN)


async def test_the_chain_answers_alike(walks):
    fresh, taken = walks
    assert fresh.answers == taken.answers


async def test_the_chain_hashes_alike(walks):
    fresh, taken = walks
    assert [(name, work.hashes) for name, work in fresh.costs] == [(name, work.hashes) for name, work in taken.costs]


async def test_the_chain_asks_the_database_alike(walks):
    fresh, taken = walks
    for (name, one), (_, other) in zip(fresh.costs, taken.costs, strict=True):
        assert one.statements == other.statements, name


async def test_the_chain_mails_alike_in_number_and_size(walks):
    fresh, taken = walks
    assert [(name, work.mail_sizes) for name, work in fresh.costs] == [
        (name, work.mail_sizes) for name, work in taken.costs
    ]
    assert sum(len(work.mail_sizes) for _, work in fresh.costs) == 2


@pytest.mark.parametrize("purpose", [Purpose.MAGIC_LINK, Purpose.RESET_PASSWORD, Purpose.EMAIL_CONFIRM])
async def test_asking_for_a_mail_is_the_same_for_everybody(world: World, purpose):
    await world.user(TAKEN)
    await world.sign_up(PENDING)
    world.clock.tick(61_000)
    walk = Walk()
    for email in (FRESH, TAKEN, PENDING):
        await walk.step(world, "send", partial(_silently, world.house.links.send, world.app, purpose, email, ORIGIN))
    assert walk.answers == [("send", None)] * 3
    assert walk.costs[0][1] == walk.costs[1][1] == walk.costs[2][1]


async def _silently(call, *args) -> None:
    """What a mail's challenge is called never leaves the server."""
    await call(*args)


async def test_sign_in_costs_the_same_for_unknown_wrong_banned_and_deleted(world: World):
    for name in ("known", "banned", "deleted"):
        await world.user(f"{name}@acme.test")
    await world.house.user_admin.ban(world.app, "banned@acme.test", ORIGIN)
    await world.house.user_admin.delete(world.app, "deleted@acme.test", ORIGIN)
    walk = Walk()
    for name in ("unknown", "known", "banned", "deleted"):
        email = f"{name}@acme.test"
        await walk.step(world, "sign-in", partial(world.sign_in, email, "a-wrong-2-password"))
    assert all(answer == walk.answers[0] for answer in walk.answers)
    assert all(cost == walk.costs[0] for cost in walk.costs)


async def test_a_device_costs_the_same_for_unknown_and_known(world: World):
    await world.user(TAKEN)
    device, _ = await world.device()
    origin = replace(ORIGIN, device_id=device.id)
    walk = Walk()
    for email in (FRESH, TAKEN):
        await walk.step(world, "sign-in", partial(world.sign_in, email, "a-wrong-2-password", origin))
    assert walk.costs[0] == walk.costs[1]


async def test_changing_to_a_taken_address_answers_and_costs_as_to_a_free_one(world: World):
    await world.user(TAKEN)
    await world.user("bob@acme.test")
    opened = await world.sign_in("bob@acme.test")
    current = await world.house.sessions.check(world.app, opened.token.reveal())
    walk = Walk()
    for email in (FRESH, TAKEN):
        await walk.step(
            world,
            "change",
            partial(world.house.changes.change_email, current, email, Secret(PASSWORD), ORIGIN),
        )
    assert walk.answers[0] == walk.answers[1]
    assert walk.costs[0] == walk.costs[1]
    kinds = [mail.kind for mail in await world.deliver()][-2:]
    assert kinds == [MessageKind.CHANGE_EMAIL, MessageKind.ACCOUNT_EXISTS]
