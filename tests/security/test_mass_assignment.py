"""Nobody writes what is not theirs to write: every column by every way of writing.

Source: OWASP ASVS 15.3.3, 15.3.7. The matrix is made from the registry of fields and the columns of the user table:
a new field or column is protected until it is marked writable.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.checks import rows
from tests.protocols.altogic.calls import ADA, API, send, signed_in
from tests.world import PASSWORD, World
from vestibule.adapters.store.sql_accounts import _IDENTIFIER, _USER
from vestibule.core.accounts.fields import FIELDS

COLUMNS = [name.strip() for name in f"{_USER}, {_IDENTIFIER}".split(",")]
INVENTED = [
    "app_id",
    "is_admin",
    "isAdmin",
    "admin",
    "role",
    "permissions",
    "password_hash",
    "secret",
    "data_key",
    "accessGroupKeys",
    "email_verified",
    "verified",
    "disabled",
    "banned",
    "locked",
    "mfa",
    "factors",
    "passkeys",
    "identities",
    "username",
    "token_version",
    "sessions",
    "api_keys",
    "plan",
    "quota",
    "metadata",
    "public_metadata",
    "_parent",
    "constructor",
    "__proto__",
    "prototype",
    "hasOwnProperty",
    "__class__",
    "profile",
    "user",
    "",
]
WRITABLE = {name for name, field in FIELDS.items() if field.is_writable}
PROTECTED = sorted({*FIELDS, *COLUMNS, *INVENTED} - WRITABLE)
VALUES: list[Any] = ["evil@evil.test", False, 7, ["admin"], {"$set": "x"}]


def _update(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": {name: value}}


def _set(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update-fields", {"updates": [{"field": name, "updateType": "set", "value": value}]}


def _unset(name: str, _: Any) -> tuple[str, Any]:
    return "db/object/update-fields", {"updates": [{"field": name, "updateType": "unset"}]}


def _mixed(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": {"name": "Mallory", name: value}}


def _operator(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": {"$set": {name: value}}}


def _nested(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": {"user": {name: value}, "profile": {name: value}}}


def _dotted(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": {f"user.{name}": value}}


def _listed(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": [{name: value}]}


def _array(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": {f"{name}[]": value}}


def _proto(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": {"__proto__": {name: value}}}


def _beside(name: str, value: Any) -> tuple[str, Any]:
    return "db/object/update", {"values": {}, name: value, "options": {name: value}}


WAYS: dict[str, Callable[[str, Any], tuple[str, Any]]] = {
    way.__name__.strip("_"): way
    for way in (_update, _set, _unset, _mixed, _operator, _nested, _dotted, _listed, _array, _proto, _beside)
}


def _truth(world: World) -> object:
    """All that a write could have changed, without what time changes by itself."""
    tables = ('"user"', "identifier", "credential", "session", "app_key", "policy")
    return {table: rows(world, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PROTECTED)
async def test_a_protected_field_is_not_written(world: World, name, way):
    token = await signed_in(world)
    user_id = (await world.house.user_admin.get(world.app, ADA)).user.id
    before = _truth(world)
    for value in VALUES:
        path, body = WAYS[way](name, value)
        body = body | {"model": "users"} | dict.fromkeys(("id",), user_id)
        response = await send(world, "POST", path, json=body, headers={"Session": token})
        assert response.status_code in ({200, 400} if _is_harmless(name, way) else {400}), response.text
    if way == "mixed" and _is_harmless(name, way):
        assert rows(world, 'SELECT profile FROM "user"') == ['{"name": "Mallory"}']
        return
    assert _truth(world) == before


def _is_harmless(name: str, way: str) -> bool:
    """The server's own bookkeeping is dropped, an absent field may be unset, what stands beside is not read."""
    is_dropped = name in FIELDS and FIELDS[name].is_ignored
    is_absent = way == "unset" and name in {"phone", "phoneVerified", "password", "roles"}
    return way == "beside" or is_absent or (is_dropped and way in {"update", "set", "unset", "mixed"})


@pytest.mark.parametrize("name", PROTECTED)
async def test_a_protected_field_is_not_signed_up_with(world: World, name):
    for value in VALUES:
        body = {"email": ADA, "password": PASSWORD, "nameOrUserData": {"name": "Ada", name: value}}
        response = await send(world, "POST", "auth/signup-email", json=body)
        assert response.status_code == 400
        assert response.json()["errors"][0]["details"]["field"] == name
    assert rows(world, "SELECT id FROM registration") == []


async def test_what_stands_beside_a_sign_up_is_not_read(world: World):
    extra = {name: "evil" for name in PROTECTED if name not in {"email", "password"}}
    body = {**extra, "email": ADA, "password": PASSWORD, "nameOrUserData": {"name": "Ada"}}
    response = await send(world, "POST", "auth/signup-email", json=body)
    assert response.status_code == 200
    assert "evil" not in response.text
    assert rows(world, "SELECT profile FROM registration") == ['{"name": "Ada"}']


SPELLINGS = [
    "Email",
    "EMAIL",
    "email ",
    " email",
    "email\u0000",
    "ｅmail",
    "e\u0301mail",
    "email[]",
    "email.",
    ".email",
    "user.email",
    "values.email",
    "email$",
    "$email",
    "email\n",
    "email\t",
    "e-mail",
    "e_mail",
    "emailverified",
    "email_Verified",
    "emailVerified ",
    "EmailVerified",
    "ｅmailVerified",
    "emaíl",
    "еmail",
    "email\u200b",
    "\ufeffemail",
    "%65mail",
    "email%00",
    "[email]",
    "email[0]",
    "email/0",
    "/email",
    "#email",
    "@email",
    "email:",
    "Roles",
    "roles ",
    "roles\u0000",
    "ｒoles",
    "roles[]",
    "role",
    "Password",
    "password ",
    "_ID",
    "_id ",
    "Id",
    "_Id",
    "NAME",
    "Name",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("path", ["update", "set", "sign-up"])
async def test_no_spelling_reaches_a_protected_field(world: World, spelling, path):
    assert len(SPELLINGS) == 50
    if path == "sign-up":
        body: dict[str, Any] = {"email": ADA, "password": PASSWORD, "nameOrUserData": {spelling: "evil@evil.test"}}
        response = await send(world, "POST", "auth/signup-email", json=body)
        assert (response.status_code, rows(world, "SELECT id FROM registration")) == (400, [])
        return
    token = await signed_in(world)
    user_id = (await world.house.user_admin.get(world.app, ADA)).user.id
    before = _truth(world)
    route, body = WAYS[path](spelling, "evil@evil.test")
    response = await send(
        world, "POST", route, json={**body, "model": "users", "id": user_id}, headers={"Session": token}
    )
    assert (response.status_code, _truth(world) == before) == (400, True)


@pytest.mark.parametrize(
    "raw",
    [
        '{"model":"users","id":"ID","values":{"name":"a","email":"evil@evil.test"},"values":{"name":"a"}}',
        '{"model":"users","id":"ID","values":{"name":"a"},"values":{"email":"evil@evil.test"}}',
        '{"model":"users","id":"ID","values":{"name":"a","name":"b","email":"ada@acme.test","email":"evil@evil.test"}}',
        '{"model":"users","id":"OTHER","id":"ID","values":{"email":"evil@evil.test"}}',
    ],
)
async def test_doubled_keys_reach_nothing(world: World, raw):
    token = await signed_in(world)
    user_id = (await world.house.user_admin.get(world.app, ADA)).user.id
    headers = {"Session": token, "Content-Type": "application/json"}
    body = raw.replace("ID", user_id)
    await send(world, "POST", "db/object/update", content=body, headers=headers)
    assert rows(world, "SELECT value FROM identifier") == [ADA]


@pytest.mark.parametrize("name", ["userId", "id", "_id", "appId", "app_id", "user", "sub", "session"])
async def test_an_id_in_the_body_never_stands_for_the_session(world: World, name):
    eve = await world.user("eve@acme.test")
    token = await signed_in(world)
    for path in ("auth/user?", "auth/sessions?"):
        async with world.client(Session=token) as client:
            response = await client.get(
                f"{API}/{path}{name}={eve}", headers={name.replace("_", "-"): eve} if name != "session" else {}
            )
        assert "eve@" not in response.text
        assert eve not in response.text
    body = {"newPassword": "a-brand-new-3-password", "oldPassword": PASSWORD, name: eve}
    await send(world, "POST", "auth/change-pwd", json=body, headers={"Session": token})
    await world.sign_in("eve@acme.test")


SECRETS = ("hash", "secret", "digest", "mac", "data_key", "argon2", "cheap1:", "sealed", "storage_key", "proofs")


async def test_the_read_side_shows_no_secret(world: World):
    token = await signed_in(world)
    user_id = (await world.house.user_admin.get(world.app, ADA)).user.id
    shown = []
    for method, path, body in [
        ("GET", "auth/user", None),
        ("GET", "auth/sessions", None),
        ("POST", "db/object/get", {"model": "users", "id": user_id}),
        ("POST", "db/object/update", {"model": "users", "id": user_id, "values": {"name": "Ada"}}),
        ("POST", "auth/signin-email", {"email": ADA, "password": PASSWORD}),
        ("POST", "auth/signup-email", {"email": "new@acme.test", "password": PASSWORD}),
        ("POST", "auth/change-email", {"newEmail": "new@acme.test", "currentPassword": PASSWORD}),
    ]:
        response = await send(world, method, path, json=body, headers={"Session": token})
        assert response.status_code == 200
        shown.append(response.json())
    keys = json.dumps(shown).lower()
    assert [word for word in SECRETS if word in keys] == []
    assert PASSWORD not in keys


def test_the_registry_lists_what_may_be_seen():
    """A new field is a decision: it is added here, too."""
    assert {"name", "first_name", "last_name", "profilePicture"} == WRITABLE
    assert not [name for name, field in FIELDS.items() if field.is_public]
    assert not [name for name in FIELDS if any(word in name.lower() for word in ("hash", "token", "secret", "key"))]
