"""This mount neither sets nor reads a cookie: that is why it may echo any origin."""

import httpx
import pytest

from tests.protocols.altogic.calls import ADA, API, send, shape, signed_in
from tests.protocols.altogic.test_routes import GOLDEN, _merged
from tests.world import World
from vestibule.web.pages.visit import cookie_name


def _jar(world: World, session: str) -> str:
    names = [cookie_name(world.app.id, purpose) for purpose in ("", "flow", "device", "reset")]
    names += ["session_token", "session", "Session", "__session", "csrftoken", "X-Client-Key", "token"]
    return "; ".join(f"{name}={session}" for name in names)


def _facts(response: httpx.Response) -> tuple[int, object, dict[str, str]]:
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    body = shape(response.json()) if response.headers.get("content-type") == "application/json" else response.text
    return response.status_code, body, headers


@pytest.mark.parametrize("route", GOLDEN, ids=lambda route: route[1])
@pytest.mark.parametrize("is_empty", [False, True], ids=["golden", "bare"])
async def test_every_cookie_makes_no_difference(tmp_path, route, is_empty):
    seen = []
    for with_cookies in (False, True):
        world = await World.open(tmp_path / str(with_cookies))
        arrange, request, _ = GOLDEN[route]
        options = {} if is_empty else _merged(await arrange(world), request)
        own = await signed_in(world, "eve@acme.test")
        cookies = {"Cookie": _jar(world, own)} if with_cookies else {}
        response = await send(world, *route, **{**options, "headers": {**options.get("headers", {}), **cookies}})
        assert "set-cookie" not in response.headers
        seen.append(_facts(response))
        await world.close()
    assert seen[0] == seen[1]


@pytest.mark.parametrize("path", ["/", "/nothing", "/_storage/a/b/c", f"{API}/auth/user"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "TRACE"])
async def test_no_answer_sets_a_cookie(world: World, method, path):
    async with world.client(Cookie=_jar(world, await signed_in(world)), Origin="https://evil.test") as client:
        response = await client.request(method, path)
    assert "set-cookie" not in response.headers


async def test_a_session_cookie_alone_opens_nothing(world: World):
    token = await signed_in(world, ADA)
    response = await send(world, "GET", "auth/user", headers={"Cookie": _jar(world, token)})
    assert response.status_code == 401
