"""1,000 races on a refresh token through HTTP: one generation, one child for everybody; a revocation always wins."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.races.trials import TRIALS
from tests.world import PASSWORD, REDIRECT, World
from vestibule.core.apps.policy import Policy
from vestibule.core.guard.model import RULES
from vestibule.kernel.jwt import read_jwt

pytestmark = pytest.mark.slow

CALLERS = 4
BROAD = Policy(redirect_url=REDIRECT, limits={rule.name: 10**9 for rule in RULES})


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await World.open(tmp_path, BROAD)
    await world.user()
    yield world
    await world.close()


async def sign_in(client: httpx.AsyncClient) -> str:
    answer = await client.post("/api/token/", json={"username": "ada@acme.test", "password": PASSWORD})
    return str(answer.json()["refresh"])


def jti_of(token: str) -> object:
    jwt = read_jwt(token)
    assert jwt is not None
    return jwt.claims["jti"]


async def test_concurrent_refreshes_have_one_child(world, tmp_path):
    async with world.client() as client:
        token = await sign_in(client)
        for _ in range(TRIALS):
            body = {"refresh": token}
            answers = await asyncio.gather(*(client.post("/api/token/refresh/", json=body) for _ in range(CALLERS)))
            assert [answer.status_code for answer in answers] == [200] * CALLERS
            assert len({jti_of(answer.json()["refresh"]) for answer in answers}) == 1
            token = answers[0].json()["refresh"]
    with sqlite3.connect(tmp_path / "vestibule.db") as database:
        count, highest = database.execute("SELECT count(*), max(generation) FROM refresh_token").fetchone()
    assert (count, highest) == (TRIALS + 1, TRIALS)


async def test_revoking_wins_over_refreshing(world):
    async with world.client() as client:
        for _ in range(TRIALS):
            token = await sign_in(client)
            body = {"refresh": token}
            revoked, refreshed = await asyncio.gather(
                client.post("/api/token/blacklist/", json=body), client.post("/api/token/refresh/", json=body)
            )
            assert revoked.status_code == 200
            assert refreshed.status_code in {200, 401}
            for alive in {token, refreshed.json().get("refresh", token)}:
                assert (await client.post("/api/token/refresh/", json={"refresh": alive})).status_code == 401
