"""The feed asked for again and again."""

import pytest

from tests.core.journeys import ADA
from tests.protocols.discovery.asgi import claims_of
from tests.world import ORIGIN, World
from vestibule.kernel.jwt import read_jwt

FEED = "/.well-known/revocations"


@pytest.fixture
async def client(world: World):
    await world.user(ADA)
    async with world.client(Authorization=world.api_key) as client:
        yield client


async def ban(world: World):
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)


async def test_an_answer_has_all_that_a_reader_needs(world: World, client):
    answer = await client.get(FEED)
    claims = claims_of(answer.text)
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert {name.strip() for name in answer.headers["vary"].split(",")} == {"Authorization", "Accept"}
    assert answer.headers["etag"] == f'"{claims["epoch"]}-{claims["cursor"]}"'
    assert claims == {
        "iss": world.house.env_url(world.app.id),
        "iat": world.clock.now_ms() // 1000,
        "reader": claims["reader"],
        "epoch": claims["epoch"],
        "cursor": 0,
        "snapshot": True,
        "more": False,
        "window": 300,
        "entries": [],
    }
    keys = {key["kid"]: key for key in (await client.get("/.well-known/jwks.json")).json()["keys"]}
    jwt = read_jwt(answer.text)
    assert jwt is not None
    assert jwt.header["typ"] == "revocations+jwt"
    assert world.house.signing_keys.maker.load_public("ES256", keys[jwt.header["kid"]]).verify(answer.text)


async def test_a_reader_goes_on_where_it_stopped(world: World, client):
    first = claims_of((await client.get(FEED)).text)
    await ban(world)
    second = claims_of((await client.get(f"{FEED}?since={first['epoch']}-{first['cursor']}")).text)
    assert [second["snapshot"], len(second["entries"])] == [False, 1]
    third = claims_of((await client.get(f"{FEED}?since={second['epoch']}-{second['cursor']}")).text)
    assert [third["snapshot"], third["entries"], third["cursor"]] == [False, [], second["cursor"]]
    anew = claims_of((await client.get(FEED)).text)
    assert [anew["snapshot"], anew["entries"]] == [True, second["entries"]]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', '"x",W/{} , "y"'])
async def test_where_nothing_happened_nothing_is_sent(world: World, client, form):
    tag = (await client.get(FEED)).headers["etag"]
    headers = {"If-None-Match": form.format(tag)}
    for path in (FEED, f"{FEED}?since={tag[1:-1]}"):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == tag
        assert answer.headers["vary"]
    await ban(world)
    assert (await client.get(f"{FEED}?since={tag[1:-1]}", headers=headers)).status_code == 200


@pytest.mark.parametrize("header", ['"x"', "*x", '"', ""])
async def test_another_tag_is_answered(client, header):
    assert (await client.get(FEED, headers={"If-None-Match": header})).status_code == 200


async def test_a_place_that_is_none_begins_anew(client):
    for since in ("x", "%00", "a-1", "0" * 5_000, "%ff-1"):
        answer = await client.get(f"{FEED}?since={since}")
        assert answer.status_code == 200
        assert claims_of(answer.text)["snapshot"]
