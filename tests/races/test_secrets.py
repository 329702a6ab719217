"""1,000 races on each one-time secret through HTTP: one effect each, whoever comes first."""

import asyncio
from pathlib import Path

import pytest

from tests.races.counting import counted, grown
from tests.races.one_time import SECRETS, OneTime
from tests.races.trials import TRIALS
from tests.world import REDIRECT, World
from vestibule.core.apps.policy import Policy
from vestibule.core.guard.model import RULES
from vestibule.core.signin.model import MAILED, Purpose
from vestibule.kernel.clock import MINUTE_MS
from vestibule.kernel.ids import UserId

pytestmark = pytest.mark.slow

CALLERS = 3
PAUSE_MS = 16 * MINUTE_MS
"""Past every short window: those of operators are not the app's to widen."""
BROAD = Policy(redirect_url=REDIRECT, limits={rule.name: 10**9 for rule in RULES})
"""The limits have races of their own (test_limits.py)."""


def test_every_purpose_has_a_race():
    assert {secret.purpose for secret in SECRETS} == set(Purpose)
    raced = {(secret.purpose, secret.form) for secret in SECRETS}
    assert {(purpose, form) for purpose in MAILED for form in ("link", "code")} <= raced


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.name)
async def test_one_effect(secret: OneTime, tmp_path: Path) -> None:
    world = await World.open(tmp_path, BROAD)
    path = tmp_path / "vestibule.db"
    ada = UserId(await world.user())
    async with world.client() as client:
        for number in range(TRIALS):
            world.clock.tick(PAUSE_MS)
            use = await secret.make(world, ada, number)
            world.channel.sent.clear()
            before = counted(path)
            answers = await asyncio.gather(*(use(client) for _ in range(CALLERS)))
            grew = grown(path, before)
            won = [secret.won(answer) for answer in answers]
            if secret.is_repeatable:
                assert won == [True] * CALLERS
                assert len({answer.content for answer in answers}) == 1
            else:
                assert sum(won) == 1, [answer.status_code for answer in answers]
            assert grew["consumed"] == 1
            effect = {name: grew.get(name, 0) for name in secret.effect}
            assert effect == secret.effect
    await world.close()
