"""The front and the gate: strange hosts, doors that do not open, and whose address counts."""

import httpx
import pytest
from starlette.requests import Request
from structlog.testing import capture_logs

from tests.fakes import PlainAgents
from vestibule.gate import Gate

GATE = Gate(PlainAgents(), proxies=("10.0.0.0/8", "fd00::/8"))


@pytest.mark.parametrize("host", ["[", "[::1", "]", "[x]", "http://[", "localhost]", "", "evil.test"])
async def test_a_host_that_is_none_of_ours_is_told_so(world, host):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.running.asgi)) as client:
        response = await client.get("http://localhost/", headers={"Host": host})
    assert response.status_code == 421


async def test_a_door_that_does_not_load_is_logged_and_answered(world):
    async def broken():
        raise ImportError("no module named nothing")

    loaders = world.running.asgi.loaders
    whole, loaders["altogic"] = loaders["altogic"], broken
    with capture_logs() as logs:
        async with world.client() as client:
            response = await client.get("/_api/rest/v1/auth/user")
    assert response.status_code == 500
    assert response.headers["x-request-id"] in response.text
    assert "nothing" not in response.text
    assert [entry["event"] for entry in logs] == ["fault"]
    loaders["altogic"] = whole
    async with world.client() as client:
        assert (await client.get("/_api/rest/v1/auth/user")).status_code == 401


def address(peer, *forwarded):
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return GATE.address(Request({"type": "http", "client": None if peer is None else (peer, 4711), "headers": headers}))


@pytest.mark.parametrize(
    ("forwarded", "wanted"),
    [
        ("198.51.100.1:5678", "198.51.100.1"),
        ("[2001:db8::7]:5678", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("6.6.6.6, 198.51.100.1:443", "198.51.100.1"),
        *((odd, "10.0.0.1") for odd in ("198.51.100.1:", "198.51.100.1:x", "[2001:db8::7", "[]:1", "unknown:1", ":1")),
    ],
)
def test_a_port_behind_a_forwarded_address_is_none_of_ours(forwarded, wanted):
    assert address("10.0.0.1", forwarded) == wanted


@pytest.mark.parametrize("peer", [None, ""])
def test_a_peer_without_an_address_is_counted_too(peer):
    assert address(peer) == address(peer, "198.51.100.1") == "unknown"
