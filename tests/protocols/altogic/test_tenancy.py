"""The app of a call comes from its key; an address or a token that says otherwise is refused."""

import httpx
import pytest

from tests.core.journeys import access_token
from tests.protocols.altogic.calls import ADA, API, another_app, code_of, send, signed_in
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.apps.model import KeyKind
from vestibule.core.signin.model import Purpose
from vestibule.kernel.ids import UserId
from vestibule.protocols.altogic.door import ROUTES


def _client(world: World, mount: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(world.running.asgi)
    return httpx.AsyncClient(transport=transport, base_url=f"http://localhost{mount}", headers=headers)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_the_key_of_one_app_at_the_address_of_another(world: World, method, path):
    other, _ = await another_app(world)
    async with _client(world, f"/e:{other.id}", **{"X-Client-Key": world.client_key}) as client:
        response = await client.request(method, f"{API}/{path}")
    assert (response.status_code, code_of(response)) == (403, "permission_denied")


@pytest.mark.parametrize("app_id", ["0" * 24, "f" * 24, "short", "A" * 24, "..", "%00"])
async def test_the_address_of_no_app(world: World, app_id):
    async with _client(world, f"/e:{app_id}", **{"X-Client-Key": world.client_key}) as client:
        response = await client.get(f"{API}/auth/user")
    assert response.status_code in {403, 404}


@pytest.mark.parametrize("apps", [1, 2])
async def test_without_an_address_the_key_says_the_app(world: World, apps):
    token = await signed_in(world)
    if apps == 2:
        await another_app(world)
    async with _client(world, "", **{"X-Client-Key": world.client_key, "Session": token}) as client:
        assert (await client.get(f"{API}/auth/user")).json()["email"] == ADA


async def test_a_session_of_another_app_is_unknown(world: World):
    token = await signed_in(world)
    other, key = await another_app(world)
    for mount in ("", f"/e:{other.id}"):
        async with _client(world, mount, **{"X-Client-Key": key, "Session": token}) as client:
            response = await client.get(f"{API}/auth/user")
        assert (response.status_code, code_of(response)) == (401, "invalid_session_token")


async def test_a_user_of_another_app_is_unknown(world: World):
    await world.user(ADA)
    _, key = await another_app(world)
    async with _client(world, "", **{"X-Client-Key": key}) as client:
        response = await client.post(f"{API}/auth/signin-email", json={"email": ADA, "password": PASSWORD})
    assert (response.status_code, code_of(response)) == (401, "invalid_credentials")


async def test_an_access_token_of_another_app_is_refused(world: World):
    token = await access_token(world, Purpose.MAGIC_LINK)
    _, key = await another_app(world)
    async with _client(world, "", **{"X-Client-Key": key}) as client:
        assert (await client.get(f"{API}/auth/grant?key={token}")).status_code == 403
    assert (await send(world, "GET", f"auth/grant?key={token}")).status_code == 200


async def test_another_client_key_of_the_same_app_gets_no_replay(world: World):
    token = await access_token(world, Purpose.MAGIC_LINK)
    second = (await world.house.apps.create_key(world.app, KeyKind.CLIENT, "second", ORIGIN)).text
    assert (await send(world, "GET", f"auth/grant?key={token}")).status_code == 200
    assert (await send(world, "GET", f"auth/grant?key={token}")).status_code == 200
    response = await send(world, "GET", f"auth/grant?key={token}", headers={"X-Client-Key": second})
    assert (response.status_code, code_of(response)) == (403, "invalid_access_token")


async def test_an_api_key_of_another_app_is_refused(world: World):
    other, _ = await another_app(world)
    foreign = (await world.house.apps.create_key(other, KeyKind.API, "server", ORIGIN)).text
    response = await send(world, "GET", "auth/user", headers={"Authorization": foreign})
    assert (response.status_code, code_of(response)) == (403, "permission_denied")


@pytest.mark.parametrize("value", ["x", "Bearer x", "Basic eA==", "ak_" + "0" * 24 + "_" + "A" * 43])
async def test_an_api_key_that_is_none_is_refused(world: World, value):
    response = await send(world, "GET", "auth/user", headers={"Authorization": value})
    assert (response.status_code, code_of(response)) == (401, "invalid_API_key")


async def test_a_client_key_is_no_api_key(world: World):
    response = await send(world, "GET", "auth/user", headers={"Authorization": world.client_key})
    assert code_of(response) == "invalid_API_key"


async def test_the_apps_server_reads_and_writes_rows(world: World):
    user_id = await world.user(ADA)
    server = {"Authorization": world.api_key}
    row = await send(world, "POST", "db/object/get", json={"model": "users", "id": user_id}, headers=server)
    assert row.json()["email"] == ADA
    body = {"model": "users", "id": user_id, "values": {"name": "Ada"}}
    assert (await send(world, "POST", "db/object/update", json=body, headers=server)).json()["name"] == "Ada"


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's", "another app's"])
async def test_a_row_that_is_not_ones_own_is_null_and_closed(world: World, whose):
    token = await signed_in(world)
    if whose == "somebody else's":
        user_id = await world.user("eve@acme.test")
    elif whose == "nobody's":
        user_id = UserId("0" * 24)
    else:
        mine, world.app = world.app, (await another_app(world))[0]
        user_id = await world.user("eve@acme.test")
        world.app = mine
    headers = {"Session": token}
    read = await send(world, "POST", "db/object/get", json={"model": "users", "id": user_id}, headers=headers)
    assert (read.status_code, read.json()) == (200, None)
    body = {"model": "users", "id": user_id, "values": {"name": "Mallory"}}
    written = await send(world, "POST", "db/object/update", json=body, headers=headers)
    assert (written.status_code, code_of(written)) == (403, "permission_denied")


async def test_the_only_app_needs_no_name_for_a_page_and_one_of_two_does(world: World):
    async with _client(world, "") as client:
        assert (await client.get("/sign-in")).status_code == 200
        await another_app(world)
        assert (await client.get("/sign-in")).status_code == 404
