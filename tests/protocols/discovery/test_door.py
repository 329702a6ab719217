"""Below `/.well-known`: who may read what, and how everything else is refused."""

import pytest

from tests.world import ORIGIN, World
from vestibule.core.apps.model import KeyKind
from vestibule.core.apps.policy import Policy

JWKS, FEED = "/.well-known/jwks.json", "/.well-known/revocations"


@pytest.fixture
async def client(world: World):
    async with world.client() as client:
        yield client


async def test_public_keys_are_for_everybody_and_may_be_kept(world: World, client):
    answer = await client.get(JWKS, headers={"Origin": "https://anywhere.test"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["content-type"] == "application/json"
    keys = answer.json()["keys"]
    assert {(key["alg"], key["kty"], key["use"]) for key in keys} == {("ES256", "EC", "sig")}
    assert len({key["kid"] for key in keys}) == len(keys) == 2


@pytest.mark.parametrize("path", [JWKS, FEED])
async def test_the_only_app_needs_no_address_of_its_own(world: World, client, path):
    headers = {"Authorization": world.api_key, "If-None-Match": "x"}
    own, bare = [await client.get(f"{base}{path}", headers=headers) for base in ("", "http://localhost")]
    assert own.status_code == bare.status_code == 200
    if path == JWKS:
        assert own.json() == bare.json()


async def test_of_several_apps_one_must_be_named(world: World, client):
    other = await world.house.apps.create("Other", world.app.environment, Policy(), ORIGIN)
    assert (await client.get(f"http://localhost{JWKS}")).status_code == 404
    bare = await client.get(f"http://localhost{FEED}", headers={"Authorization": world.api_key})
    assert bare.status_code == 200, "the key names its app"
    mine, theirs = [(await client.get(f"http://localhost/e:{app.id}{JWKS}")).json() for app in (world.app, other)]
    assert {key["kid"] for key in mine["keys"]}.isdisjoint(key["kid"] for key in theirs["keys"])


@pytest.mark.parametrize("app_id", ["unknown", "0" * 23 + "1", "../x"])
async def test_an_unknown_app_is_not_found(client, app_id):
    answer = await client.get(f"http://localhost/e:{app_id}{JWKS}")
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["", "/", "/openid-configuration", "/jwks.json/", "/JWKS.json", "/revocations/x"])
async def test_everything_else_is_not_found_as_json(client, path):
    answer = await client.get(f"/.well-known{path}")
    assert answer.status_code == 404
    assert answer.json() == {"error": "not_found", "message": "There is nothing at this address."}


@pytest.mark.parametrize("path", [JWKS, FEED])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
async def test_they_are_only_read(client, path, method):
    answer = await client.request(method, path, content=b"x" * 10_000)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["error"] == "method_not_allowed"


async def test_a_preflight_for_the_keys_passes_and_for_the_feed_does_not(client):
    headers = {"Origin": "https://anywhere.test", "Access-Control-Request-Method": "GET"}
    keys, feed = [await client.options(path, headers=headers) for path in (JWKS, FEED)]
    assert keys.status_code == feed.status_code == 204
    assert keys.headers["access-control-allow-origin"] == "*"
    assert [name for name in feed.headers if name.startswith("access-control")] == []


async def test_head_tells_what_get_would(world: World, client):
    headers = {"Authorization": world.api_key}
    for path in (JWKS, FEED):
        got, head = await client.get(path, headers=headers), await client.head(path, headers=headers)
        assert head.status_code == 200
        assert head.content == b""
        names = ("content-type", "cache-control", "etag", "vary", "access-control-allow-origin")
        assert [head.headers.get(name) for name in names] == [got.headers.get(name) for name in names]


async def test_no_cookie_is_read_or_set(world: World, client):
    cookies = {"Cookie": f"session={world.api_key}; authorization={world.api_key}"}
    assert (await client.get(FEED, headers=cookies)).status_code == 401
    answer = await client.get(JWKS, headers=cookies)
    assert "set-cookie" not in answer.headers
    assert answer.json() == (await client.get(JWKS)).json()


# Who may read the feed ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}", "BEARER  {} "])
async def test_the_feed_is_for_whoever_holds_an_api_key(world: World, client, form):
    answer = await client.get(FEED, headers={"Authorization": form.format(world.api_key)})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "form", ["", "Bearer", "Bearer ", "Basic {api}", "{client}", "Bearer {client}", "{api}x", "x {api}"]
)
async def test_and_for_nobody_else(world: World, client, form):
    header = form.format(api=world.api_key, client=world.client_key)
    answer = await client.get(FEED, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"] == "api_key_invalid"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_revoked_key_opens_nothing(world: World, client):
    new = await world.house.apps.create_key(world.app, KeyKind.API, "short", ORIGIN)
    assert (await client.get(FEED, headers={"Authorization": new.text})).status_code == 200
    await world.house.apps.revoke_key(world.app, new.key.id, ORIGIN)
    assert (await client.get(FEED, headers={"Authorization": new.text})).status_code == 401


async def test_a_key_opens_the_feed_of_its_own_app_alone(world: World, client):
    other = await world.house.apps.create("Other", world.app.environment, Policy(), ORIGIN)
    answer = await client.get(f"http://localhost/e:{other.id}{FEED}", headers={"Authorization": world.api_key})
    assert (answer.status_code, answer.json()["error"]) == (403, "app_mismatch")


async def test_a_fault_is_told_without_what_happened(tmp_path):
    world = await World.open(tmp_path, parts={"faulty": frozenset({JWKS})})
    async with world.client() as client:
        answer = await client.get(JWKS)
    assert answer.status_code == 500
    assert answer.json()["error"] == "fault"
    assert answer.json()["message"].endswith(answer.headers["x-request-id"])
    assert answer.headers["access-control-allow-origin"] == "*"
    await world.close()
