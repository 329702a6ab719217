"""The wire as the tests of this protocol see it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import httpx

from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.apps.model import App, Environment, KeyKind
from vestibule.core.apps.policy import Policy

API = "/_api/rest/v1"
ADA = "ada@acme.test"
_SHAPES = (
    (re.compile(r"([a-z]{2})_[0-9a-f]{24}_[A-Za-z0-9_-]{43}"), r"<\1>"),
    (re.compile(r"sh_[0-9a-f]{24}"), "<handle>"),
    (re.compile(r"[0-9a-f]{32}"), "<key>"),
    (re.compile(r"\b[0-9a-f]{24}\b"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "<date>"),
    (re.compile(r"Reference: [0-9a-f]{16}"), "Reference: <reference>"),
)


def shape(value: Any) -> Any:
    """A body with what differs from run to run named instead of said."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str):
        for pattern, name in _SHAPES:
            value = pattern.sub(name, value)
    return value


async def signed_in(world: World, email: str = ADA) -> str:
    """A session token of a user."""
    await world.user(email)
    return (await world.sign_in(email, PASSWORD)).token.reveal()


async def another_app(world: World, name: str = "Other") -> tuple[App, str]:
    """An app of somebody else, with its client key."""
    app = await world.house.apps.create(name, Environment.DEVELOPMENT, Policy(), ORIGIN)
    return app, (await world.house.apps.create_key(app, KeyKind.CLIENT, "browser", ORIGIN)).text


async def send(world: World, method: str, path: str, **options: Any) -> httpx.Response:
    """One request to the API of the app."""
    async with world.client() as client:
        return await client.request(method, f"{API}/{path}", **options)


def errors_of(response: httpx.Response) -> list[tuple[str, str]]:
    """Origin and code of each entry, after a look at the shape that the client needs."""
    assert response.headers["content-type"] == "application/json"
    entries = response.json()["errors"]
    assert entries
    messages = [entry["message"] for entry in entries]
    assert all(messages)
    assert len(set(messages)) == len(messages)
    assert all(isinstance(entry["details"], dict) for entry in entries)
    return [(entry["origin"], entry["code"]) for entry in entries]


def code_of(response: httpx.Response) -> str:
    """The one code of a refusal."""
    [(_, code)] = errors_of(response)
    return code


async def upload(
    world: World, headers: dict[str, str], name: str = "a.txt", query: dict[str, str] | None = None, **request: Any
) -> httpx.Response:
    """One upload the way the client sends anything but a form."""
    params = {"bucket": "root", "fileName": name, **(query or {})}
    asked = "&".join(f"{key}={quote(value, safe='')}" for key, value in params.items())
    return await send(world, "POST", f"storage/bucket/upload-object?{asked}", headers=headers, **request)


async def content(world: World, headers: dict[str, str], name: str = "a.txt") -> bytes:
    """The bytes of a file of the root bucket."""
    response = await send(
        world, "POST", "storage/bucket/file/download", json={"bucket": "root", "file": name}, headers=headers
    )
    assert response.status_code == 200
    return response.content
