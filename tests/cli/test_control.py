"""The control socket: the same operations, for whoever owns the folder."""

import asyncio
import json
import stat

import pytest

from tests.world import World
from vestibule.workers import control as module
from vestibule.workers.control import ask, control, is_listening


@pytest.fixture
async def world(tmp_path):
    world = await World.open(tmp_path)
    yield world
    await world.close()


async def asked(path, name, **values):
    return await asyncio.to_thread(ask, path, name, values)


async def test_answers_and_refusals(world, tmp_path):
    path = tmp_path / "control.sock"
    async with control(world.house, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await asyncio.to_thread(is_listening, path)
        assert [app["name"] for app in (await asked(path, "app.list"))["ok"]] == ["Acme"]
        assert await asked(path, "nope") == {"error": {"code": "not_found", "fields": {"field": "op"}}}
        answer = await asked(path, "user.show", user="nobody@acme.test")
        assert answer == {"error": {"code": "user_not_found", "fields": {}}}
        answer = await asked(path, "user.list", limit="many")
        assert answer == {"error": {"code": "field_invalid", "fields": {"field": "limit"}}}
    assert not path.exists()
    assert await asked(path, "app.list") is None
    assert not is_listening(path)


async def test_what_is_no_request_is_refused_and_the_conversation_goes_on(world, tmp_path):
    path = tmp_path / "control.sock"
    async with control(world.house, path):
        reader, writer = await asyncio.open_unix_connection(str(path))
        for line in (b"{", b"[]", b'{"op": 1, "args": {}}', b'{"op": "app.list"}'):
            writer.write(line + b"\n")
            assert json.loads(await reader.readline())["error"]["code"] == "body_invalid"
        writer.write(b'{"op": "app.list", "args": {}}\n')
        assert "ok" in json.loads(await reader.readline())
        writer.close()
        await writer.wait_closed()


async def test_a_fault_is_answered_blank(world, tmp_path, monkeypatch):
    async def fails(_house, _name, _values):
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr(module, "perform", fails)
    path = tmp_path / "control.sock"
    async with control(world.house, path):
        assert await asked(path, "app.list") == {"error": {"code": "fault", "fields": {}}}


async def test_a_stale_socket_is_replaced_and_a_long_path_works(world, tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    path = folder / "control.sock"
    path.touch()
    async with control(world.house, path):
        assert "ok" in await asked(path, "app.list")
