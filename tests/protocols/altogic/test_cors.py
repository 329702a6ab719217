"""CORS with credentials: the Origin itself, never `*`, on every answer. Source: Fetch standard; OWASP ASVS 3.4.2."""

import httpx
import pytest

from tests.protocols.altogic.calls import API, code_of
from tests.world import ORIGIN, REDIRECT, World
from vestibule.core.apps.policy import Policy

APP = "https://app.acme.test"
LISTED = Policy(redirect_url=REDIRECT, origins=(APP, "https://shop.acme.test:8443"))


async def _ask(
    world: World, origin: str | None, method: str = "POST", path: str = f"{API}/auth/signin-email", **headers: str
):
    sent = {"Origin": origin} if origin is not None else {}
    async with world.client(**sent, **headers) as client:
        body = {"email": "ada@acme.test", "password": "x"} if method == "POST" else None
        return await client.request(method, path, json=body)


@pytest.fixture
async def live(tmp_path):
    world = await World.open(tmp_path, LISTED, production=True)
    yield world
    await world.close()


def _may_be_read(response: httpx.Response, origin: str) -> None:
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "origin" in response.headers["vary"].lower()


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000", "https://evil.test", "null", "app://x"])
async def test_development_echoes_any_origin(world: World, origin):
    response = await _ask(world, origin)
    assert code_of(response) == "invalid_credentials"
    _may_be_read(response, origin)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{API}/auth/signin-email", 401),
        ("GET", f"{API}/auth/nothing", 404),
        ("GET", f"{API}/auth/signin-email", 405),
        ("GET", "/nothing", 404),
        ("GET", f"{API}/auth/user", 401),
        ("GET", "/_storage/a/b/c", 404),
        ("OPTIONS", f"{API}/auth/signin-email", 204),
        ("OPTIONS", "/nothing", 204),
    ],
)
async def test_errors_can_be_read_too(world: World, method, path, status):
    response = await _ask(world, APP, method, path)
    assert response.status_code == status
    _may_be_read(response, APP)


async def test_without_an_origin_nothing_is_said(world: World):
    response = await _ask(world, None)
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert response.headers["vary"] == "Origin"


async def test_the_preflight_names_what_the_client_sends(world: World):
    response = await _ask(world, APP, "OPTIONS")
    _may_be_read(response, APP)
    assert response.content == b""
    assert response.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS"
    assert response.headers["access-control-allow-headers"].split(", ") == [
        "content-type",
        "x-client",
        "x-client-key",
        "session",
        "authorization",
    ]
    assert int(response.headers["access-control-max-age"]) >= 600


async def test_the_preflight_echoes_the_headers_that_are_asked_for(world: World):
    response = await _ask(world, APP, "OPTIONS", **{"Access-Control-Request-Headers": "session,x-own"})
    assert response.headers["access-control-allow-headers"] == "session,x-own"


async def test_the_preflight_needs_no_key_and_touches_nothing(world: World):
    transport = httpx.ASGITransport(world.running.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.options(f"{API}/auth/user", headers={"Origin": APP})).status_code == 204


async def test_a_limit_says_when_to_come_back_across_origins(world: World):
    response = await _ask(world, APP)
    assert response.headers["access-control-expose-headers"] == "Retry-After"


@pytest.mark.parametrize("origin", [APP, "https://shop.acme.test:8443", "http://localhost:3000"])
async def test_production_answers_the_apps_origins(live: World, origin):
    response = await _ask(live, origin)
    assert code_of(response) == "invalid_credentials"
    _may_be_read(response, origin)


STRANGERS = [
    "null",
    "*",
    "https://app.acme.test.evil.test",
    "https://evilapp.acme.test",
    "https://evil.test",
    "http://app.acme.test",
    "https://app.acme.test:443",
    "https://app.acme.test:8443",
    "https://APP.acme.test",
    "https://app.acme.test.",
    "https://app.acme.test/",
    "https://app.acme.test@evil.test",
    "https://evil.test#https://app.acme.test",
    "https://evil.test?https://app.acme.test",
    "https://app-acme.test",
    "https://acme.test",
    "https://x.app.acme.test",
    "//app.acme.test",
    "app.acme.test",
    "https://app.acme.test,https://evil.test",
    "file://",
    "https://app.acme.test%00.evil.test",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://127.0.0.1:3000",
    "https://app.acme.test_.evil.test",
    "https://shop.acme.test",
    "chrome-extension://abc",
    "data:text/html,x",
]


@pytest.mark.parametrize("origin", STRANGERS)
async def test_production_refuses_strangers_in_words_they_can_read(live: World, origin):
    response = await _ask(live, origin)
    assert (response.status_code, code_of(response)) == (401, "domain_not_authorized")
    _may_be_read(response, origin)


async def test_null_is_never_listed(tmp_path):
    world = await World.open(tmp_path, Policy(redirect_url="acme://callback", origins=("null", "*")), production=True)
    for origin in ("null", "*", "acme://callback", "acme://", "://"):
        assert code_of(await _ask(world, origin)) == "domain_not_authorized"
    await world.close()


async def test_a_program_without_an_origin_is_served_in_production(live: World):
    assert code_of(await _ask(live, None)) == "invalid_credentials"


async def test_an_origin_can_be_listed_while_the_server_runs(live: World):
    assert code_of(await _ask(live, "https://new.acme.test")) == "domain_not_authorized"
    await live.house.apps.set_policy(live.app, "origins", ["https://new.acme.test"], ORIGIN)
    assert code_of(await _ask(live, "https://new.acme.test")) == "invalid_credentials"
    assert code_of(await _ask(live, APP)) == "domain_not_authorized"
