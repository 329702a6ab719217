"""Bursts against limits: exactly the limit is verified, and one address is one user."""

import asyncio
from functools import partial

import pytest

from tests.races.counting import counted, grown
from tests.races.trials import TRIALS
from tests.world import ORIGIN, World, link_token, together
from vestibule.core.apps.policy import Policy
from vestibule.core.guard.model import CODE, PASSWORD_FAILURES, RULES
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import MAILED, Purpose
from vestibule.core.signin.signup import Wanted
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.secret import Secret

pytestmark = pytest.mark.slow

BURST = 200
ROUNDS = max(1, TRIALS // 50)
ADA = "ada@acme.test"


def broad(*but):
    """A policy without limits but those."""
    return Policy(limits={rule.name: 10**9 for rule in RULES if rule not in but})


def codes_of(answers):
    return [answer.code for answer in answers if isinstance(answer, DomainError)]


@pytest.mark.parametrize("purpose", [Purpose.MAGIC_LINK, Purpose.RESET_PASSWORD])
async def test_wrong_codes_have_as_many_tries_as_the_code(tmp_path, purpose):
    world = await World.open(tmp_path, broad())
    for number in range(ROUNDS):
        email = f"user{number}@acme.test"
        await world.user(email)
        await world.house.links.send(world.app, purpose, email, ORIGIN)
        right = (await world.deliver())[-1].code or ""
        wrong = f"{(int(right) + 1) % 10**6:06}"
        enter = partial(world.house.links.confirm_code, world.app, purpose, email)
        answers = await together(BURST, partial(enter, wrong, ORIGIN))
        assert set(codes_of(answers)) <= {Code.CODE_WRONG, Code.TOO_MANY_ATTEMPTS}
        compared = [answer for answer in answers if isinstance(answer, DomainError) and "tries_left" in answer.fields]
        assert (len(answers), len(compared)) == (BURST, world.app.policy.code_tries)
        with pytest.raises(DomainError):
            await enter(right, ORIGIN)  # too late
    await world.close()


async def test_the_limit_of_a_destination_counts_every_code(tmp_path):
    world = await World.open(tmp_path, broad(next(rule for rule in CODE if rule.by == "destination")))
    await world.user()
    answers = await together(
        BURST, lambda: world.house.links.confirm_code(world.app, Purpose.MAGIC_LINK, ADA, "000000", ORIGIN)
    )
    assert sorted(codes_of(answers)) == [Code.CODE_WRONG] * 10 + [Code.TOO_MANY_ATTEMPTS] * (BURST - 10)
    await world.close()


async def test_wrong_passwords_are_verified_as_often_as_a_run_allows(tmp_path):
    world = await World.open(tmp_path, broad())
    for number in range(ROUNDS):
        email = f"user{number}@acme.test"
        await world.user(email)
        world.hasher.work = 0
        answers = await together(BURST, partial(world.sign_in, email, "wrong-horse-7-battery"))
        assert world.hasher.work == PASSWORD_FAILURES.burst
        assert codes_of(answers).count(Code.INVALID_CREDENTIALS) == PASSWORD_FAILURES.burst
        assert codes_of(answers).count(Code.TOO_MANY_ATTEMPTS) == BURST - PASSWORD_FAILURES.burst
    await world.close()


async def test_wrong_passwords_over_http_neither(tmp_path):
    world = await World.open(tmp_path, broad())
    await world.user()
    world.hasher.work = 0
    body = {"email": ADA, "password": "wrong-horse-7-battery"}
    async with world.client() as client:
        calls = (client.post("/_api/rest/v1/auth/signin-email", json=body) for _ in range(BURST))
        answers = await asyncio.gather(*calls)
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (PASSWORD_FAILURES.burst, BURST - PASSWORD_FAILURES.burst)
    assert world.hasher.work == PASSWORD_FAILURES.burst
    await world.close()


async def test_spellings_of_one_address_share_a_run(tmp_path):
    world = await World.open(tmp_path, broad())
    await world.user()
    world.hasher.work = 0
    spellings = ["ada@acme.test", "ADA@acme.test", "Ada@ACME.TEST", " ada@acme.test", "ａｄａ@acme.test"] * 8
    await asyncio.gather(
        *(world.sign_in(email, "wrong-horse-7-battery") for email in spellings), return_exceptions=True
    )
    assert world.hasher.work == PASSWORD_FAILURES.burst
    await world.close()


@pytest.mark.parametrize("purpose", [purpose for purpose in MAILED if purpose is not Purpose.CHANGE_EMAIL])
async def test_one_mail_however_often_it_is_asked_for_at_once(tmp_path, purpose):
    world = await World.open(tmp_path)
    await world.user()
    world.clock.tick(3_600_000)
    before = counted(tmp_path / "vestibule.db")
    answers = await together(16, lambda: world.house.links.send(world.app, purpose, ADA, ORIGIN))
    assert codes_of(answers) == [Code.TOO_MANY_ATTEMPTS] * 15
    assert grown(tmp_path / "vestibule.db", before)["outbox"] == 1
    await world.close()


async def test_one_address_signed_up_sixteen_times_at_once_is_one_user(tmp_path):
    world = await World.open(tmp_path, broad())
    for number in range(ROUNDS):
        world.channel.sent.clear()
        email = f"Eve{number}@acme.test"
        spellings = [email, email.upper(), email.lower(), email.replace("E", "Ｅ")] * 4
        before = counted(tmp_path / "vestibule.db")
        signed_up = await asyncio.gather(*(sign_up(world, spelling) for spelling in spellings))
        assert [answer.opened for answer in signed_up] == [None] * 16
        mails = [mail for mail in await world.deliver() if mail.kind is MessageKind.VERIFY]
        assert {mail.to for mail in mails} == {email.lower()}
        answers = await asyncio.gather(
            *(world.house.links.confirm(world.app, link_token(mail), ORIGIN) for mail in mails),
            return_exceptions=True,
        )
        assert len(codes_of(answers)) == len(mails) - 1
        grew = grown(tmp_path / "vestibule.db", before)
        assert (grew["user"], grew["identifier"], grew["credential"]) == (1, 1, 1)
        assert grew["user.created"] == 1
    await world.close()


async def test_with_the_cooldown_sixteen_sign_ups_send_one_mail(tmp_path):
    world = await World.open(tmp_path)
    answers = await asyncio.gather(*(sign_up(world, "eve@acme.test") for _ in range(16)), return_exceptions=True)
    assert len(await world.deliver()) == 1
    assert set(codes_of(answers)) <= {Code.TOO_MANY_ATTEMPTS}
    await world.close()


async def sign_up(world, email):
    return await world.house.sign_up.sign_up(world.app, Wanted(email, Secret("correct-horse-7-battery"), {}), ORIGIN)
