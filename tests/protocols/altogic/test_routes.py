"""Every route's golden body."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.core.journeys import access_token
from tests.protocols.altogic.calls import ADA, send, shape, signed_in
from tests.world import PASSWORD, World
from vestibule.core.signin.model import Purpose
from vestibule.protocols.altogic.door import ROUTES

NOBODY_VERSION = {"family": "Other", "major": "0", "minor": "0", "patch": "0"}
USER = {
    "_id": "<id>",
    "provider": "altogic",
    "providerUserId": "<id>",
    "email": ADA,
    "emailVerified": True,
    "signUpAt": "<date>",
    "lastLoginAt": "<date>",
    "createdAt": "<date>",
    "updatedAt": "<date>",
}
SESSION = {
    "userId": "<id>",
    "token": "<ss>",
    "creationDtm": "<date>",
    "lastActiveDtm": "<date>",
    "accessGroupKeys": [],
    "userAgent": {**NOBODY_VERSION, "device": NOBODY_VERSION, "os": NOBODY_VERSION},
}
FILE = {
    "_id": "<id>",
    "bucketId": "<id>",
    "fileName": "a.txt",
    "isPublic": True,
    "size": 5,
    "encoding": "7bit",
    "mimeType": "text/plain",
    "publicPath": "http://localhost:8000/e:<id>/_storage/<id>/<id>/<key>",
    "uploadedAt": "<date>",
    "updatedAt": "<date>",
    "tags": [],
    "userId": "<id>",
}
FIREFOX = {
    **SESSION,
    "userAgent": {
        **NOBODY_VERSION,
        "family": "Firefox",
        "device": NOBODY_VERSION,
        "os": NOBODY_VERSION | {"family": "Linux"},
    },
}

Arranged = dict[str, Any]


async def _session(world: World) -> Arranged:
    return {"headers": {"Session": await signed_in(world)}}


async def _two_sessions(world: World) -> Arranged:
    arranged = await _session(world)
    world.clock.tick(1000)
    await world.sign_in(ADA)
    return arranged


async def _nothing(_: World) -> Arranged:
    return {}


async def _user(world: World) -> Arranged:
    await world.user(ADA)
    return {}


async def _registered(world: World) -> Arranged:
    await world.sign_up(ADA)
    world.clock.tick(61_000)
    return {}


def _token(purpose: Purpose) -> Callable[[World], Awaitable[Arranged]]:
    async def make(world: World) -> Arranged:
        return {"params": {"key": await access_token(world, purpose)}}

    return make


async def _own_row(world: World) -> Arranged:
    arranged = await _session(world)
    user_id = (await world.house.user_admin.get(world.app, ADA)).user.id
    return {**arranged, "json": {"model": "users", "id": user_id}}


async def _file(world: World) -> Arranged:
    arranged = await _session(world)
    await send(world, "POST", "storage/bucket/upload-object?bucket=root&fileName=a.txt", json="hello", **arranged)
    return arranged


NAMED = {"json": {"bucket": "root", "file": "a.txt"}}

# Route -> what is there before, the request, the body of the answer.
GOLDEN: dict[tuple[str, str], tuple[Callable[[World], Awaitable[Arranged]], Arranged, object]] = {
    ("POST", "auth/signup-email"): (
        _nothing,
        {"json": {"email": ADA, "password": PASSWORD, "nameOrUserData": "Ada"}},
        {"user": {**USER, "emailVerified": False, "name": "Ada"}, "session": None},
    ),
    ("POST", "auth/signin-email"): (
        _user,
        {"json": {"email": ADA, "password": PASSWORD}},
        {"user": USER, "session": SESSION},
    ),
    ("POST", "auth/resend"): (_registered, {"params": {"email": ADA}}, None),
    ("POST", "auth/send-magic"): (_user, {"params": {"email": ADA}}, None),
    ("POST", "auth/send-reset"): (_user, {"params": {"email": ADA}}, None),
    ("GET", "auth/grant"): (_token(Purpose.MAGIC_LINK), {}, {"user": USER, "session": SESSION}),
    ("POST", "auth/reset-pwd"): (
        _token(Purpose.RESET_PASSWORD),
        {"json": {"newPassword": "a-brand-new-3-password"}},
        None,
    ),
    ("POST", "auth/change-pwd"): (
        _session,
        {"json": {"newPassword": "a-brand-new-3-password", "oldPassword": PASSWORD}},
        None,
    ),
    ("POST", "auth/change-email"): (
        _session,
        {"json": {"currentPassword": PASSWORD, "newEmail": "ada@new.test"}},
        USER,
    ),
    ("POST", "auth/signout"): (_session, {"json": {}}, None),
    ("POST", "auth/signout-all"): (_session, {}, None),
    ("POST", "auth/signout-all-except"): (_session, {}, None),
    ("GET", "auth/sessions"): (_two_sessions, {}, [{**FIREFOX, "token": "<handle>"}, FIREFOX]),
    ("GET", "auth/user"): (_session, {}, USER),
    ("POST", "db/object/get"): (_own_row, {}, USER),
    ("POST", "db/object/update"): (_own_row, {"json": {"values": {"name": "Ada"}}}, {**USER, "name": "Ada"}),
    ("POST", "db/object/update-fields"): (
        _own_row,
        {"json": {"updates": [{"field": "name", "updateType": "set", "value": "Ada"}]}},
        {**USER, "name": "Ada"},
    ),
    ("POST", "storage/bucket/upload-formdata"): (
        _session,
        {"params": {"bucket": "root", "fileName": "a.txt"}, "files": {"file": ("b.txt", b"hello", "text/plain")}},
        FILE,
    ),
    ("POST", "storage/bucket/upload-object"): (
        _session,
        {
            "params": {"bucket": "root", "fileName": "a.txt", "options": '{"contentType":"text/plain"}'},
            "json": "hello",
        },
        FILE,
    ),
    ("POST", "storage/bucket/file/exists"): (_file, NAMED, True),
    ("POST", "storage/bucket/file/get"): (_file, NAMED, {**FILE, "mimeType": "text/plain; charset=utf-8"}),
    ("POST", "storage/bucket/file/delete"): (_file, NAMED, None),
    ("POST", "storage/bucket/file/download"): (_file, NAMED, "hello"),
}


def _merged(one: Arranged, other: Arranged) -> Arranged:
    both = {**one, **other}
    if "json" in one and "json" in other:
        both["json"] = {**one["json"], **other["json"]}
    return both


@pytest.mark.parametrize("route", GOLDEN, ids=lambda route: route[1])
async def test_the_golden_body(world: World, route):
    arrange, request, body = GOLDEN[route]
    response = await send(world, *route, **_merged(await arrange(world), request))
    assert response.status_code == 200
    if route[1].endswith("download"):
        assert response.text == body
    else:
        assert response.headers["content-type"] == "application/json"
        assert shape(response.json()) == body


def test_every_route_has_a_golden_body():
    assert set(GOLDEN) == set(ROUTES)
    assert len(ROUTES) == 23


WITH_SESSION = [route for route, (arrange, _, _) in GOLDEN.items() if arrange in {_session, _two_sessions, _own_row}]


@pytest.mark.parametrize("route", WITH_SESSION, ids=lambda route: route[1])
async def test_without_a_session_it_is_refused_or_null(world: World, route):
    arrange, request, _ = GOLDEN[route]
    arranged = _merged(await arrange(world), request)
    del arranged["headers"]
    response = await send(world, *route, **arranged)
    if route[1] == "db/object/get":
        assert (response.status_code, response.json()) == (200, None)
    else:
        assert (response.status_code, response.json()["errors"][0]["code"]) == (401, "missing_session_token")


@pytest.mark.parametrize("route", WITH_SESSION, ids=lambda route: route[1])
async def test_with_a_dead_session_it_says_so(world: World, route):
    arrange, request, _ = GOLDEN[route]
    arranged = _merged(await arrange(world), request)
    arranged["headers"] = {"Session": arranged["headers"]["Session"][:-1] + "-"}
    response = await send(world, *route, **arranged)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (401, "invalid_session_token")


@pytest.mark.parametrize("session", ["", "x", "null", "undefined", "ss_" + "0" * 24 + "_" + "A" * 43, "x" * 3000])
@pytest.mark.parametrize(
    "route", [route for route in GOLDEN if route not in WITH_SESSION and "storage" not in route[1]], ids=lambda r: r[1]
)
async def test_public_routes_do_not_look_at_a_session(world: World, route, session):
    arrange, request, body = GOLDEN[route]
    arranged = _merged(await arrange(world), request)
    response = await send(world, *route, **{**arranged, "headers": {"Session": session}})
    assert (response.status_code, shape(response.json())) == (200, body)


async def test_the_dart_client_says_name(world: World):
    body = {"email": ADA, "password": PASSWORD, "name": {"name": "Ada"}}
    response = await send(world, "POST", "auth/signup-email", json=body)
    assert response.json()["user"]["name"] == "Ada"


async def test_both_mounts_are_one(world: World):
    transport = httpx.ASGITransport(world.running.asgi)
    await world.user(ADA)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for mount in ("", f"/e:{world.app.id}", f"/E:{world.app.id}"):
            response = await client.post(
                f"{mount}/_api/rest/v1/auth/signin-email",
                json={"email": ADA, "password": PASSWORD},
                headers={"X-Client-Key": world.client_key},
            )
            assert response.status_code == 200
