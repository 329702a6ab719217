"""The table of limits, one test per cell: attempt n passes, n+1 waits, the window slides.

Source: OWASP ASVS 6.1.1, 6.3.1, 2.4.1; NIST SP 800-63B-4 section 3.2.2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from tests.checks import rows
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.admin.users import NewUser
from vestibule.core.files.files import Upload
from vestibule.core.guard.model import RULES, Rule
from vestibule.core.signin.model import Purpose
from vestibule.core.signin.signup import Wanted
from vestibule.core.tokens.dpop import Presenter
from vestibule.kernel.clock import MINUTE_MS
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import SYSTEM_APP
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

HERE = ORIGIN


def _elsewhere(number: int) -> Origin:
    """Somebody else every time."""
    return replace(ORIGIN, address=f"198.51.{number // 200}.{number % 200 + 1}")


async def _sign_in(world: World, number: int, origin: Origin) -> None:
    await world.sign_in(f"user{number}@acme.test", "a-wrong-2-password", origin)


async def _sign_up(world: World, number: int, origin: Origin) -> None:
    wanted = Wanted(f"user{number}@acme.test", Secret(PASSWORD), {})
    await world.house.sign_up.sign_up(world.app, wanted, origin)


def _send(email: str) -> Callable[[World, int, Origin], Awaitable[None]]:
    async def send(world: World, number: int, origin: Origin) -> None:
        await world.house.links.send(world.app, Purpose.MAGIC_LINK, email.format(number), origin)

    return send


def _code(email: str) -> Callable[[World, int, Origin], Awaitable[None]]:
    async def code(world: World, number: int, origin: Origin) -> None:
        links = world.house.links
        await links.confirm_code(world.app, Purpose.MAGIC_LINK, email.format(number), "123456", origin)

    return code


async def _link(world: World, number: int, origin: Origin) -> None:
    await world.house.links.confirm(world.app, f"lk_{world.app.id}_{number:043d}", origin)


async def _upload(world: World, number: int, origin: Origin) -> None:
    upload = Upload("root", f"{number}.txt", b"x", "text/plain", is_server=True)
    await world.house.files.upload(world.app, upload, origin)


def _step_up(changes_each: int) -> Callable[[World, int, Origin], Awaitable[None]]:
    async def step_up(world: World, number: int, origin: Origin) -> None:
        email = f"user{number // changes_each}@acme.test"
        currents = world.__dict__.setdefault("currents", {})
        if email not in currents:
            await world.house.user_admin.create(world.app, NewUser(email, Secret(PASSWORD)), ORIGIN)
            opened = await world.sign_in(email)
            currents[email] = await world.house.sessions.check(world.app, opened.token.reveal())
        await world.house.changes.change_password(currents[email], Secret(PASSWORD), Secret(PASSWORD), origin)

    return step_up


async def _refresh(world: World, number: int, origin: Origin) -> None:
    families, client, kept = world.house.families, Presenter("Tests/1.0"), world.__dict__
    if "pair" not in kept:
        await world.house.user_admin.create(world.app, NewUser("ada@acme.test", Secret(PASSWORD)), ORIGIN)
        kept["pair"] = await families.sign_in(world.app, "ada@acme.test", Secret(PASSWORD), client, ORIGIN)
    kept["pair"] = await families.refresh(world.app, str(kept["pair"].refresh), client, origin)


async def _operator(world: World, number: int, origin: Origin) -> None:
    await world.house.operators.come_in(f"op_{SYSTEM_APP}_{number:043d}", origin)


@dataclass(frozen=True)
class Cell:
    """How one rule is reached before the others: what is done, how often, from where."""

    act: Callable[[World, int, Origin], Awaitable[None]]
    step_ms: int = 0
    is_elsewhere: bool = False
    """Another rule is charged first, and counts what this one refuses too."""


CELLS: dict[str, Cell] = {
    "sign-in/address/minute": Cell(_sign_in, 1_000),
    "sign-in/address/hour": Cell(_sign_in, 2_500),
    "sign-up/address/hour": Cell(_sign_up, 60_000),
    "sign-up/app/minute": Cell(_sign_up, 100, is_elsewhere=True),
    "send/purpose/minute": Cell(_send("ada@acme.test"), is_elsewhere=True),
    "send/destination/hour": Cell(_send("ada@acme.test"), 2 * MINUTE_MS, is_elsewhere=True),
    "send/destination/day": Cell(_send("ada@acme.test"), 20 * MINUTE_MS, is_elsewhere=True),
    "send/address/hour": Cell(_send("user{}@acme.test"), MINUTE_MS),
    "code/destination/10min": Cell(_code("ada@acme.test"), 1_000, is_elsewhere=True),
    "code/address/10min": Cell(_code("user{}@acme.test"), 1_000),
    "step-up/address/hour": Cell(_step_up(19)),
    "step-up/user/hour": Cell(_step_up(1_000), is_elsewhere=True),
    "refresh/session/minute": Cell(_refresh, 1_000, is_elsewhere=True),
    "link/address/minute": Cell(_link, 100),
    "upload/address/minute": Cell(_upload, 100),
    "operator/address/15min": Cell(_operator, 10_000),
}
BY_NAME = {rule.name: rule for rule in RULES}


def test_every_rule_has_its_cell_and_says_what_was_decided():
    """Attempts and minutes, as the requirements' table has them."""
    decided = {
        "sign-in/address/minute": (30, 1),
        "sign-in/address/hour": (300, 60),
        "sign-up/address/hour": (20, 60),
        "sign-up/app/minute": (300, 1),
        "send/purpose/minute": (1, 1),
        "send/destination/hour": (5, 60),
        "send/destination/day": (10, 24 * 60),
        "send/address/hour": (20, 60),
        "code/destination/10min": (10, 10),
        "code/address/10min": (60, 10),
        "step-up/address/hour": (120, 60),
        "step-up/user/hour": (20, 60),
        "refresh/session/minute": (30, 1),
        "link/address/minute": (120, 1),
        "upload/address/minute": (120, 1),
        "operator/address/15min": (10, 15),
    }
    assert CELLS.keys() == BY_NAME.keys()
    assert {name: (rule.limit, rule.window_ms // MINUTE_MS) for name, rule in BY_NAME.items()} == decided


@dataclass
class Attempts:
    """Attempts against one rule, and how each ended."""

    world: World
    rule: Rule
    number: int = 0

    async def refused(self) -> DomainError | None:
        """Make one more; answers the refusal of a limit."""
        cell = CELLS[self.rule.name]
        self.number += 1
        try:
            await cell.act(self.world, self.number, _elsewhere(self.number) if cell.is_elsewhere else HERE)
        except DomainError as error:
            return error if error.code is Code.TOO_MANY_ATTEMPTS else None
        return None

    async def fill(self) -> None:
        """As many as are allowed."""
        for _ in range(self.rule.limit):
            assert await self.refused() is None
            self.world.clock.tick(CELLS[self.rule.name].step_ms)


@pytest.fixture
async def full(world: World, request) -> Attempts:
    await world.house.operators.ensure("op@acme.test", ORIGIN)
    attempts = Attempts(world, BY_NAME[request.param])
    await attempts.fill()
    return attempts


@pytest.mark.parametrize("full", CELLS, indirect=True)
async def test_the_next_attempt_waits_and_is_let_in_when_it_was_told(full: Attempts):
    refusal = await full.refused()
    assert refusal is not None
    assert refusal.reason == full.rule.name
    wait_s = int(refusal.fields["retry_after_s"])
    assert 0 < wait_s * 1000 <= full.rule.window_ms
    cell = CELLS[full.rule.name]
    full.world.clock.tick((wait_s - 1) * 1000)
    assert wait_s == 1 or await full.refused() is not None
    full.world.clock.tick(1000)
    assert await full.refused() is None
    if full.rule.limit > 1 and cell.step_ms >= 1000:
        assert await full.refused() is not None, "only the oldest attempt has left the window"


@pytest.mark.parametrize("full", CELLS, indirect=True)
async def test_refusals_are_added_up(full: Attempts):
    for _ in range(3):
        await full.refused()
        full.world.clock.tick(CELLS[full.rule.name].step_ms)
    assert rows(full.world, "SELECT sum(refused) FROM limit_refusal WHERE rule = ?", full.rule.name) == [3]


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if not cell.is_elsewhere])
async def test_an_address_is_counted_for_itself(world: World, name):
    await world.house.operators.ensure("op@acme.test", ORIGIN)
    attempts = Attempts(world, BY_NAME[name])
    await attempts.fill()
    await _let_in(CELLS[name].act(world, 9_999, _elsewhere(9_999)))


async def _let_in(attempt: Awaitable[None]) -> None:
    outcome = await asyncio.gather(attempt, return_exceptions=True)
    assert getattr(outcome[0], "code", None) is not Code.TOO_MANY_ATTEMPTS


@pytest.mark.parametrize("name", CELLS)
async def test_an_app_may_choose_another_limit(world: World, name):
    await world.house.operators.ensure("op@acme.test", ORIGIN)
    if name.startswith("operator"):
        system = await world.house.apps.get(SYSTEM_APP)
        await world.house.apps.set_policy(system, "limits", {name: 1}, ORIGIN)
    world.app = await world.house.apps.set_policy(world.app, "limits", {name: 1}, ORIGIN)
    attempts = Attempts(world, BY_NAME[name])
    assert await attempts.refused() is None
    world.clock.tick(min(CELLS[name].step_ms, BY_NAME[name].window_ms - 1000))
    refusal = await attempts.refused()
    assert refusal is not None
    assert refusal.reason == name


async def test_another_app_is_counted_for_itself(world: World):
    attempts = Attempts(world, BY_NAME["sign-in/address/minute"])
    for _ in range(attempts.rule.limit):
        await attempts.refused()
    other = await world.house.apps.create("Other", world.app.environment, world.app.policy, ORIGIN)
    mine, world.app = world.app, other
    assert await attempts.refused() is None
    world.app = mine
    assert await attempts.refused() is not None


SPELLINGS = [
    "ada@acme.test",
    "ADA@acme.test",
    "Ada@Acme.Test",
    "ada@ACME.TEST",
    " ada@acme.test",
    "ada@acme.test ",
    "  ada@acme.test  ",
    "ａda@acme.test",
    "ａｄａ@acme.test",
    "ada＠acme.test",
    "ada@ａcme.test",
    "ADA@ACME.TEST",
    "aDa@acme.test",
    "adA@acme.test",
    "ada@Acme.test",
    "ada@acme.TEST",
    "𝐚da@acme.test",
    "ⓐda@acme.test",
    "ada@acme．test",
    "ᴬda@acme.test",
]


async def test_twenty_spellings_of_an_address_are_one_destination(world: World):
    assert len(set(SPELLINGS)) == 20
    codes = []
    for number, spelling in enumerate(SPELLINGS):
        sending = world.house.links.send(world.app, Purpose.MAGIC_LINK, spelling, _elsewhere(number))
        [outcome] = await asyncio.gather(sending, return_exceptions=True)
        codes.append(getattr(outcome, "code", None))
    assert codes == [None] + [Code.TOO_MANY_ATTEMPTS] * 19


async def test_twenty_spellings_share_one_run_of_failures(world: World):
    await world.user("ada@acme.test")
    outcomes = []
    for number, spelling in enumerate(SPELLINGS):
        with pytest.raises(DomainError) as caught:
            await world.sign_in(spelling, "a-wrong-2-password", _elsewhere(number))
        outcomes.append(caught.value.code)
    assert outcomes == [Code.INVALID_CREDENTIALS] * 10 + [Code.TOO_MANY_ATTEMPTS] * 10


ONE_NEIGHBOUR = [
    *(f"2001:db8:1:2::{number:x}" for number in range(1, 16)),
    *(f"2001:0DB8:0001:0002:{number:x}:{number:x}:0:1" for number in range(1, 17)),
]


async def test_the_addresses_of_one_64_are_one(world: World):
    refused = 0
    for number, address in enumerate(ONE_NEIGHBOUR):
        with pytest.raises(DomainError) as caught:
            await _sign_in(world, number, replace(ORIGIN, address=address))
        refused += caught.value.code is Code.TOO_MANY_ATTEMPTS
    assert refused == len(ONE_NEIGHBOUR) - 30


async def test_a_mapped_address_is_the_address(world: World):
    for number in range(30):
        address = "203.0.113.7" if number % 2 else "::ffff:203.0.113.7"
        with pytest.raises(DomainError):
            await _sign_in(world, number, replace(ORIGIN, address=address))
    with pytest.raises(DomainError) as caught:
        await _sign_in(world, 99, replace(ORIGIN, address="::ffff:cb00:7107"))
    assert caught.value.code is Code.TOO_MANY_ATTEMPTS


async def test_a_success_elsewhere_does_not_clear_the_address(world: World):
    await world.user("eve@acme.test")
    for number in range(15):
        with pytest.raises(DomainError):
            await _sign_in(world, number, HERE)
        await world.sign_in("eve@acme.test", origin=HERE)
    with pytest.raises(DomainError) as caught:
        await world.sign_in("eve@acme.test", origin=HERE)
    assert caught.value.code is Code.TOO_MANY_ATTEMPTS


async def test_codes_and_passwords_are_counted_apart(world: World):
    await world.user("ada@acme.test")
    for number in range(11):
        with pytest.raises(DomainError):
            await _code("ada@acme.test")(world, number, _elsewhere(number))
    await world.sign_in("ada@acme.test")


async def test_limits_survive_a_restart(tmp_path):
    world = await World.open(tmp_path)
    for number in range(30):
        with pytest.raises(DomainError):
            await _sign_in(world, number, HERE)
    mine = world.app
    await world.close()
    again = await World.open(tmp_path)
    again.app = mine
    with pytest.raises(DomainError) as caught:
        await _sign_in(again, 99, HERE)
    assert caught.value.code is Code.TOO_MANY_ATTEMPTS
    await again.close()
