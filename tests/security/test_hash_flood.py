"""More passwords than can be hashed: some wait, the rest hear 503, and everything else goes on. Source: OWASP ASVS 15.2.2."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.fakes import SeededEntropy
from tests.protocols.altogic.calls import ADA, API, signed_in
from tests.security.sweep import visitor
from tests.web.pages.browser import browsing
from tests.world import PASSWORD, World
from vestibule.adapters.hashing import Argon2Hasher


@pytest.fixture
async def small(tmp_path):
    """A house that hashes one password at a time and lets three wait."""
    hasher = Argon2Hasher(SeededEntropy(), threads=1, queue_limit=3)
    world = await World.open(tmp_path, hasher=hasher)
    yield world
    await world.close()
    hasher.close()


async def test_the_surplus_is_503_with_retry_after(small: World):
    await small.user(ADA)
    async with visitor(small, **{"X-Client-Key": small.client_key}) as client:
        body = {"email": ADA, "password": PASSWORD}
        calls = (client.post(f"{API}/auth/signin-email", json=body) for _ in range(9))
        answers = await asyncio.gather(*calls)
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.keys() == {200, 503}
    assert statuses[503] >= 4
    for answer in answers:
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["errors"][0]["code"] == "server_busy"


async def test_other_routes_answer_during_the_flood(small: World):
    token = await signed_in(small, "eve@acme.test")
    await small.user(ADA)
    async with visitor(small, **{"X-Client-Key": small.client_key}) as client:
        body = {"email": ADA, "password": PASSWORD}
        flood = [asyncio.create_task(client.post(f"{API}/auth/signin-email", json=body)) for _ in range(4)]
        await asyncio.sleep(0)
        assert (await client.get(f"{API}/auth/user", headers={"Session": token})).status_code == 200
        assert (await client.get(f"/e:{small.app.id}/sign-in")).status_code == 200
        assert not all(task.done() for task in flood)
        await asyncio.gather(*flood)


async def test_a_page_says_it_too(small: World):
    await small.user(ADA)

    async def attempt() -> tuple[int, bool]:
        async with browsing(small) as browser:
            await browser.get("/sign-in")
            response = await browser.press("sign-in", identifier=ADA, password=PASSWORD)
            return response.status_code, "retry-after" in response.headers

    seen = set(await asyncio.gather(*(attempt() for _ in range(9))))
    assert (303, False) in seen
    assert seen - {(303, False)} == {(503, True)}


async def test_a_refused_flood_leaves_the_right_password_right(small: World):
    await small.user(ADA)
    async with visitor(small, **{"X-Client-Key": small.client_key}) as client:
        body = {"email": ADA, "password": PASSWORD}
        await asyncio.gather(*(client.post(f"{API}/auth/signin-email", json=body) for _ in range(9)))
        answer = await client.post(f"{API}/auth/signin-email", json=body)
    assert answer.status_code == 200
