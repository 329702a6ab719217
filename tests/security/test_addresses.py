"""Whose address counts: the peer's, unless trusted proxies say otherwise. Source: OWASP ASVS 4.1.3, 15.3.4."""

from __future__ import annotations

import httpx
import pytest

from tests.checks import rows
from tests.protocols.altogic.calls import API
from tests.world import World
from vestibule.core.guard.model import SIGN_IN

BODY = {"email": "nobody@acme.test", "password": "a-wrong-2-password"}
SPOOFS = (
    "X-Forwarded-For",
    "X-Real-IP",
    "Forwarded",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Client-IP",
    "X-Forwarded",
    "X-Cluster-Client-Ip",
    "Client-IP",
    "X-Originating-IP",
    "Via",
)
LIMIT = SIGN_IN[0].limit


async def _statuses(world: World, count: int, peer: str, headers) -> list[int]:
    transport = httpx.ASGITransport(world.running.asgi, client=(peer, 4711))
    statuses = []
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for number in range(count):
            body = {**BODY, "email": f"user{number}@acme.test"}
            sent = {"X-Client-Key": world.client_key, **headers(number)}
            response = await client.post(f"{API}/auth/signin-email", json=body, headers=sent)
            statuses.append(response.status_code)
            assert response.status_code != 429 or int(response.headers["retry-after"]) > 0
    return statuses


@pytest.mark.parametrize("header", SPOOFS)
async def test_without_trusted_proxies_no_header_is_believed(world: World, header):
    statuses = await _statuses(world, LIMIT + 5, "203.0.113.9", lambda n: {header: f"198.51.100.{n + 1}"})
    assert statuses == [401] * LIMIT + [429] * 5


@pytest.fixture
async def behind(tmp_path):
    world = await World.open(tmp_path, trusted_proxies=("10.0.0.0/8", "fd00::/8"), proxy_hops=2)
    yield world
    await world.close()


async def test_trusted_proxies_say_who_is_behind_them(behind: World):
    statuses = await _statuses(behind, LIMIT + 5, "10.0.0.1", lambda n: {"X-Forwarded-For": f"198.51.100.{n + 1}"})
    assert statuses == [401] * (LIMIT + 5)


async def test_what_the_client_put_in_front_is_not_believed(behind: World):
    statuses = await _statuses(
        behind, LIMIT + 5, "10.0.0.1", lambda n: {"X-Forwarded-For": f"198.51.100.{n + 1}, 203.0.113.9"}
    )
    assert statuses == [401] * LIMIT + [429] * 5


async def test_a_stranger_is_no_proxy(behind: World):
    statuses = await _statuses(behind, LIMIT + 5, "203.0.113.9", lambda n: {"X-Forwarded-For": f"198.51.100.{n + 1}"})
    assert statuses == [401] * LIMIT + [429] * 5


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:443", "198.51.100.1"),
        ("10.0.0.1", "evil'--", "10.0.0.1"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
    ],
)
async def test_hop_by_hop_from_the_right(behind: World, peer, forwarded, address):
    await behind.user("user0@acme.test")
    transport = httpx.ASGITransport(behind.running.asgi, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.post(
            f"{API}/auth/signin-email",
            json={"email": "user0@acme.test", "password": "correct-horse-7-battery"},
            headers={"X-Client-Key": behind.client_key, "X-Forwarded-For": forwarded},
        )
    assert rows(behind, "SELECT address FROM session") == [address]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
async def test_loopback_is_limited_like_everybody(world: World, peer):
    assert (await _statuses(world, LIMIT + 1, peer, lambda _: {}))[-1] == 429


@pytest.mark.parametrize(
    ("peer", "last"), [("127.0.0.1", 401), ("::1", 401), ("::ffff:127.0.0.1", 401), ("203.0.113.9", 429)]
)
async def test_only_the_development_flag_raises_loopback(tmp_path, peer, last):
    world = await World.open(tmp_path, parts={"is_loopback_raised": True})
    assert (await _statuses(world, LIMIT + 1, peer, lambda _: {}))[-1] == last
    await world.close()


async def test_the_flag_raises_nothing_but_addresses(tmp_path):
    world = await World.open(tmp_path, parts={"is_loopback_raised": True})
    transport = httpx.ASGITransport(world.running.asgi, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        headers = {"X-Client-Key": world.client_key}
        statuses = [
            (await client.post(f"{API}/auth/send-magic?email=ada@acme.test", headers=headers)).status_code
            for _ in range(2)
        ]
    assert statuses == [200, 429]
    await world.close()


async def test_a_spoofed_loopback_is_not_raised(tmp_path):
    world = await World.open(tmp_path, parts={"is_loopback_raised": True})
    statuses = await _statuses(world, LIMIT + 1, "203.0.113.9", lambda _: {"X-Forwarded-For": "127.0.0.1"})
    assert statuses[-1] == 429
    await world.close()


@pytest.mark.parametrize(
    "spelling",
    [
        "//auth/signin-email",
        "/./auth/signin-email",
        "/auth/signin-email/",
        "/auth//signin-email",
        "/AUTH/signin-email",
        "/auth/signin-email;x",
        "/auth/%2e/signin-email",
        "/auth%2fsignin-email",
    ],
)
async def test_a_route_has_one_spelling(world: World, spelling):
    """Another spelling is another address: it counts nothing and opens nothing."""
    async with world.client() as client:
        response = await client.request("POST", httpx.URL(f"http://localhost{API}{spelling}"), json=BODY)
    assert response.status_code in {401, 404}
    if response.status_code == 401:
        assert rows(world, "SELECT count(*) FROM limit_hit") != [0]
