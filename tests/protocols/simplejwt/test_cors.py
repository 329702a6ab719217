"""CORS as django-cors-headers: the origin in production, `*` in development, never credentials.

Source: Fetch standard; OWASP ASVS 3.4.2.
"""

import pytest

from tests.protocols.simplejwt.calls import ADA, BROWSER, PROFILE, TOKEN, client, create, set_policy
from tests.world import ORIGIN, REDIRECT, World
from vestibule.core.apps.policy import Policy
from vestibule.protocols.simplejwt.routes import ROUTES

APP = "https://app.acme.test"
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
STRANGERS = [
    "null",
    "*",
    "https://app.acme.test.evil.test",
    "https://evilapp.acme.test",
    "http://app.acme.test",
    "https://app.acme.test:8443",
    "https://APP.acme.test",
    "https://app.acme.test.",
    "https://app.acme.test/",
    "https://app.acme.test@evil.test",
    "//app.acme.test",
    "https://app.acme.test,https://evil.test",
    "file://",
    "http://localhost:3001",
    "http://[garbage",
    "https://auth.acme.test",
]


@pytest.fixture
async def live(tmp_path):
    world = await World.open(tmp_path, Policy(redirect_url=REDIRECT, origins=(APP,)), production=True)
    await create(world)
    yield world
    await world.close()


async def ask(world: World, origin: str | None, method: str = "POST", path: str = TOKEN, **headers: str):
    sent = headers if origin is None else {**headers, "Origin": origin}
    async with client(world) as http:
        return await http.request(method, path, json=ADA if method == "POST" else None, headers=sent)


def allowed(response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000", "https://evil.test", "null", "app://x"])
async def test_development_lets_any_page_read(world: World, origin):
    assert allowed(await ask(world, origin)) == {"access-control-allow-origin": "*"}


@pytest.mark.parametrize("origin", [None, "", "http://[garbage"])
async def test_without_an_origin_nothing_is_said(world: World, origin):
    response = await ask(world, origin)
    assert (response.status_code, allowed(response)) == (200, {})
    assert response.headers["vary"] == "Accept, origin"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PROFILE, 401),
        ("GET", "/api/profile", 301),
        ("GET", TOKEN, 405),
        ("GET", "/api/nothing/", 404),
        ("OPTIONS", TOKEN, 200),
        ("GET", f"{TOKEN}?format=xml", 404),
    ],
)
async def test_refusals_can_be_read_too(world: World, method, path, status):
    response = await ask(world, APP, method, path)
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (status, "*")


@pytest.mark.parametrize("path", [*ROUTES, "/api/profile", "/api/nothing/"])
async def test_a_preflight_is_answered_before_the_path_is_looked_at(world: World, path):
    response = await ask(world, APP, "OPTIONS", path, **ASKED)
    assert (response.status_code, response.content) == (200, b"")
    assert allowed(response) == {
        "access-control-allow-origin": "*",
        "access-control-allow-headers": "accept, authorization, content-type, dpop, user-agent, x-csrftoken,"
        " x-requested-with",
        "access-control-allow-methods": "DELETE, GET, OPTIONS, PATCH, POST, PUT",
        "access-control-max-age": "86400",
    }
    assert response.headers["vary"] == "origin"
    assert "allow" not in response.headers


async def test_a_preflight_lets_the_apps_own_header_in(world: World):
    await set_policy(world, AUTH_HEADER_NAME="HTTP_X_ACCESS_TOKEN")
    response = await ask(world, APP, "OPTIONS", PROFILE, **ASKED)
    assert "x-access-token" in response.headers["access-control-allow-headers"].split(", ")


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
async def test_production_names_the_apps_own_origins(live: World, origin):
    for method, path in (("POST", TOKEN), ("GET", PROFILE), ("GET", "/api/profile"), ("GET", "/api/nothing/")):
        response = await ask(live, origin, method, path)
        assert allowed(response) == {"access-control-allow-origin": origin}
        assert "origin" in response.headers["vary"]
    assert len(allowed(await ask(live, origin, "OPTIONS", TOKEN, **ASKED))) == 4


@pytest.mark.parametrize("origin", STRANGERS)
async def test_production_tells_strangers_nothing_that_they_could_read(live: World, origin):
    for method, headers in (("POST", {}), ("OPTIONS", ASKED), ("OPTIONS", {})):
        assert allowed(await ask(live, origin, method, TOKEN, **headers)) == {}


async def test_production_lets_nobody_read_of_an_app_that_is_none(live: World):
    live.app = await live.house.apps.create("Other", live.app.environment, Policy(), ORIGIN)
    assert allowed(await ask(live, APP)) == {}
    async with client(live, mount=False, Origin=APP) as http:
        response = await http.post(TOKEN, json=ADA)
    assert (response.status_code, allowed(response)) == (404, {})


async def test_an_origin_can_be_listed_while_the_server_runs(live: World):
    assert allowed(await ask(live, "https://new.acme.test")) == {}
    await set_policy(live, origins=["https://new.acme.test"])
    assert allowed(await ask(live, "https://new.acme.test"))
    assert allowed(await ask(live, APP)) == {}


async def test_pages_are_for_people_and_no_other_page_reads_them(world: World):
    assert allowed(await ask(world, APP, "GET", TOKEN, **BROWSER)) == {}
