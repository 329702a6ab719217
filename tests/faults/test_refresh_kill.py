"""SIGKILL between commit and reply of a refresh: the client asks again with the token it has, and goes on."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.faults.server import Server, prepare, serving, sign_up
from tests.faults.trials import KILLS

pytestmark = pytest.mark.slow

SEED = 20261121
CHAINS = 8
PASSWORD = "correct-horse-7-battery"


async def until_the_kill(server: Server, chains: list[str], dice: random.Random) -> int:
    """Every client refreshes on and on; what it keeps is the last token it has read. How many replies came."""
    replies, first = 0, asyncio.Event()

    async def refresh_on(client: httpx.AsyncClient, number: int) -> None:
        nonlocal replies
        while True:
            answer = await client.post("/api/token/refresh/", json={"refresh": chains[number]})
            assert answer.status_code == 200, answer.text
            chains[number] = answer.json()["refresh"]
            replies += 1
            if replies == CHAINS:
                first.set()

    async with httpx.AsyncClient(base_url=server.env_url, timeout=20, trust_env=False) as client:
        tasks = [asyncio.create_task(refresh_on(client, number)) for number in range(CHAINS)]
        await asyncio.wait_for(first.wait(), 20)
        await asyncio.sleep(dice.uniform(0, 0.3))
        server.kill()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, httpx.TransportError) for end in ends), ends
    return replies


def test_no_family_is_lost_and_none_has_two_branches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice, data, replies = random.Random(SEED), tmp_path / "data", 0
    with serving(data) as server:
        prepare(server)
        sign_up(server, "ada@acme.test")
        port = server.port
        given = {"username": "ada@acme.test", "password": PASSWORD}
        sign_in = f"{server.env_url}/api/token/"
        answers = [httpx.post(sign_in, json=given, trust_env=False) for _ in range(CHAINS)]
        chains = [answer.raise_for_status().json()["refresh"] for answer in answers]
    for _ in range(KILLS):
        with serving(data, port=port) as server:
            replies += asyncio.run(until_the_kill(server, chains, dice))
    with serving(data, port=port) as server:
        refresh = f"{server.env_url}/api/token/refresh/"
        assert {httpx.post(refresh, json={"refresh": token}, trust_env=False).status_code for token in chains} == {200}
    with closing(sqlite3.connect(data / "vestibule.db")) as database:
        newest = "SELECT count(*) FROM refresh_token WHERE superseded_at_ms IS NULL GROUP BY session_id"
        assert database.execute(newest).fetchall() == [(1,)] * CHAINS
        reused = "SELECT count(*) FROM event WHERE type = 'refresh.reused'"
        assert database.execute(reused).fetchone() == (0,)
    assert replies > KILLS * CHAINS
    with capsys.disabled():
        print(f"\n{KILLS} kills (seed {SEED}), {replies} refreshes answered, {CHAINS} families, none lost or doubled")
