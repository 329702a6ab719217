"""Malformed tokens and values are refused, and never a fault. Source: OWASP ASVS 7.2.3, 15.3.5."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.checks import rows
from tests.core.journeys import access_token
from tests.protocols.altogic.calls import ADA, API, errors_of, send, signed_in
from tests.security.sweep import visitor
from tests.world import PASSWORD, World, link_token
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import Purpose
from vestibule.protocols.simplejwt.routes import ROUTES as TOKEN_ROUTES
from vestibule.web.pages.door import LINK_PATH

DAMAGE: dict[str, Callable[[str], str]] = {
    "cut by one": lambda token: token[:-1],
    "cut in half": lambda token: token[: len(token) // 2],
    "kind alone": lambda token: token[:3],
    "random alone": lambda token: token.split("_", 2)[2],
    "padded": lambda token: f"{token}=",
    "longer by one": lambda token: f"{token}A",
    "doubled": lambda token: token + token,
    "lower case": str.lower,
    "upper case": str.upper,
    "case changed": str.swapcase,
    "url encoded": lambda token: quote(token).replace("_", "%5F"),
    "blank behind": lambda token: f"{token}%20",
    "dot behind": lambda token: f"{token}.",
    "another kind": lambda token: f"zz{token[2:]}",
    "another app": lambda token: f"{token[:3]}{'0' * 24}{token[27:]}",
    "one sign other": lambda token: token[:40] + ("A" if token[40] != "A" else "B") + token[41:],
    "+ for -": lambda token: token.replace("-", "+").replace("_", "/"),
    "quoted": lambda token: f'"{token}"',
    "json": lambda token: f'{{"$ne":"{token}"}}',
    "sql": lambda token: f"{token}' OR '1'='1",
    "bearer": lambda token: f"Bearer {token}",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_damaged_session_token_is_401(world: World, damage):
    token = DAMAGE[damage](await signed_in(world))
    response = await send(world, "GET", "auth/user", headers={"Session": token})
    assert (response.status_code, errors_of(response)) == (401, [("client_error", "invalid_session_token")])


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(
    ("header", "code"), [("X-Client-Key", "invalid_client_key"), ("Authorization", "invalid_API_key")]
)
async def test_a_damaged_key_is_401(world: World, damage, header, code):
    key = world.client_key if header == "X-Client-Key" else world.api_key
    response = await send(world, "GET", "auth/user", headers={header: DAMAGE[damage](key)})
    assert (response.status_code, errors_of(response)) == (401, [("client_error", code)])


@pytest.mark.parametrize("damage", [name for name in DAMAGE if name not in {"url encoded", "blank behind"}])
@pytest.mark.parametrize("purpose", [Purpose.MAGIC_LINK, Purpose.RESET_PASSWORD])
async def test_a_damaged_access_token_is_403_and_the_whole_one_still_works(world: World, damage, purpose):
    token = await access_token(world, purpose)
    method, path = ("GET", "auth/grant") if purpose is Purpose.MAGIC_LINK else ("POST", "auth/reset-pwd")
    body = None if method == "GET" else {"newPassword": "a-brand-new-3-password"}
    damaged = await send(world, method, path, params={"key": DAMAGE[damage](token)}, json=body)
    assert (damaged.status_code, errors_of(damaged)) == (403, [("client_error", "invalid_access_token")])
    assert (await send(world, method, path, params={"key": token}, json=body)).status_code == 200


@pytest.mark.parametrize("damage", [name for name in DAMAGE if name != "url encoded"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_damaged_link_is_a_page_that_helps(world: World, damage, method):
    await world.sign_up(ADA)
    key = DAMAGE[damage](link_token(await world.mail(MessageKind.VERIFY, ADA)))
    async with visitor(world) as client:
        response = await client.request(
            method,
            f"/e:{world.app.id}{LINK_PATH}",
            params={"key": key, "action": "email-confirm"},
            data={"key": key, "do": "confirm"} if method == "POST" else None,
        )
    assert response.status_code in {400, 403, 404}
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_damaged_name_of_a_session_ends_nothing(world: World, damage):
    token = await signed_in(world)
    other = (await world.sign_in(ADA)).token.reveal()
    body = {"token": DAMAGE[damage](other)}
    assert (await send(world, "POST", "auth/signout", json=body, headers={"Session": token})).status_code == 200
    assert (await send(world, "GET", "auth/user", headers={"Session": other})).status_code == 200


# Values of other types ----------------------------------------------------------------------------

NO_TEXTS = [None, True, False, 0, -1, 1.5, 10**400, [], ["x"], {}, {"$ne": None}, {"$regex": ".*"}]
TEXTS: dict[str, tuple[dict[str, object], ...]] = {
    "auth/signup-email": ({"email": ADA, "password": PASSWORD, "nameOrUserData": "Ada"},),
    "auth/signin-email": ({"email": ADA, "password": PASSWORD},),
    "auth/reset-pwd": ({"newPassword": PASSWORD},),
    "auth/change-pwd": ({"newPassword": "a-brand-new-3-password", "oldPassword": PASSWORD},),
    "auth/change-email": ({"newEmail": "ada@new.test", "currentPassword": PASSWORD},),
    "auth/signout": ({"token": "x"},),
    "db/object/get": ({"model": "users", "id": "ID"},),
    "db/object/update": ({"model": "users", "id": "ID", "values": {}},),
    "db/object/update-fields": ({"model": "users", "id": "ID", "updates": []},),
    "storage/bucket/file/exists": ({"bucket": "root", "file": "x"},),
    "storage/bucket/file/get": ({"bucket": "root", "file": "x"},),
    "storage/bucket/file/delete": ({"bucket": "root", "file": "x"},),
    "storage/bucket/file/download": ({"bucket": "root", "file": "x"},),
}
CASES = [(path, name) for path, (body,) in TEXTS.items() for name in body]


@pytest.mark.parametrize(("path", "name"), CASES)
async def test_what_is_no_text_is_refused_and_never_a_fault(world: World, path, name):
    assert len(NO_TEXTS) == 12
    token = await signed_in(world)
    user_id = (await world.house.user_admin.get(world.app, ADA)).user.id
    for value in NO_TEXTS[name == "token" :]:  # no token at all means the caller's own session
        world.clock.tick(3_600_000)
        [body] = TEXTS[path]
        sent = {**{key: user_id if each == "ID" else each for key, each in body.items()}, name: value}
        response = await send(world, "POST", path, json=sent, headers={"Session": token})
        is_harmless = (name == "nameOrUserData" and value is None) or (name, value) in (
            ("values", {}),
            ("updates", []),
            ("nameOrUserData", {}),
        )
        assert response.status_code == 200 if is_harmless else 400 <= response.status_code < 500, (value, response.text)
    assert rows(world, "SELECT count(*) FROM session WHERE ended_at_ms IS NULL") == [1]
    await world.sign_in(ADA)


HOSTILE = [
    "\x00",
    "\ud800",
    "\U0010ffff",
    "\u202e",
    "%00",
    "a" * 100_000,
    "🎓" * 2000,
    "\r\n",
    "' OR 1=1 --",
    "{{7*7}}",
    "../../etc/passwd",
    "\x7f\x1b[2J",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(("path", "name"), CASES)
async def test_hostile_texts_are_never_a_fault(world: World, path, name, text):
    token = await signed_in(world)
    [body] = TEXTS[path]
    response = await send(
        world,
        "POST",
        path,
        content=json.dumps({**body, name: text}),
        headers={"Session": token, "Content-Type": "application/json"},
    )
    assert response.status_code < 500


TOKEN_FIELDS = [
    (path, field.name) for path, route in TOKEN_ROUTES.items() for field in route.fields if not field.is_answer
]


@pytest.mark.parametrize(("path", "name"), TOKEN_FIELDS)
async def test_nothing_hostile_is_a_fault_where_tokens_are_made(world: World, path, name):
    assert len(TOKEN_FIELDS) == 8
    async with visitor(world) as client:
        for value in [*NO_TEXTS, *HOSTILE]:
            world.clock.tick(3_600_000)
            sent = {"username": ADA, "password": PASSWORD, "refresh": "x", "token": "x", name: value}
            body = json.dumps(sent)
            response = await client.post(path, content=body, headers={"Content-Type": "application/json"})
            assert response.status_code in {400, 401}, repr(value)[:50]
            if isinstance(value, str) and value != "\ud800":
                response = await client.post(path, data={**sent, name: value})
                assert response.status_code in {400, 401}, repr(value)[:50]
    assert rows(world, "SELECT count(*) FROM session") == [0]


@pytest.mark.parametrize("length", [1024, 1025, 5_000, 200_000])
async def test_a_password_is_cut_off_before_it_is_hashed(world: World, length):
    before = world.hasher.work
    response = await send(world, "POST", "auth/signup-email", json={"email": ADA, "password": "x1-" + "é" * length})
    assert response.status_code in {400, 413}
    assert world.hasher.work == before


@pytest.mark.parametrize(
    "path",
    [
        "/%",
        "/%zz",
        "/%ff%fe",
        "/\u2028",
        "/" + "x" * 8000,
        "/e:",
        "/e:%00/sign-in",
        "/e:" + "0" * 24 + "%2fsign-in",
        "/;x",
        "/?" + "&" * 5000,
    ],
)
async def test_no_path_is_a_fault(world: World, path):
    async with visitor(world) as client:
        for prefix in ("", API, "/api", "/_storage", "/static", f"/e:{world.app.id}", f"/e:{world.app.id}/api"):
            assert (await client.get(prefix + path)).status_code < 500
