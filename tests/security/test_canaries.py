"""Marked secrets go through a whole journey; afterwards no file and no log line holds one."""

from __future__ import annotations

import asyncio
import io
import logging
import re
from pathlib import Path

import pytest
import structlog

from tests.checks import code_of
from tests.protocols.altogic.calls import API
from tests.world import ORIGIN, World, link_token
from vestibule import logs
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import Purpose
from vestibule.kernel.secret import Secret
from vestibule.workers.rounds import Round, run_rounds

ADA = "ada@acme.test"
OLD, NEW, NEWER = "canary-one-4711-old", "canary-two-4711-new", "canary-six-4711-set"
WRONG = "canary-bad-4711-guess"


@pytest.fixture
def log():
    """Everything that is logged, as production writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    logs.set_up("debug", is_for_people=False, stream=stream)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


async def _journey(world: World) -> dict[str, str]:
    """Sign up, confirm, in, out, magic link, code, reset, change; everything right and wrong."""
    secrets = {"old": OLD, "new": NEW, "newer": NEWER, "wrong": WRONG, "API key": world.api_key}
    async with world.client(Authorization=world.api_key) as client:

        async def post(path: str, body: object = None, **headers: str):
            return await client.post(f"{API}/{path}", json=body, headers=headers)

        await post("auth/signup-email", {"email": ADA, "password": OLD, "nameOrUserData": "Ada"})
        await post("auth/signin-email", {"email": ADA, "password": OLD})
        await post("auth/signup-email", {"email": "Ada", "password": ADA, "nameOrUserData": WRONG})
        verify = await world.mail(MessageKind.VERIFY)
        secrets |= {"confirm link": link_token(verify), "confirm code": code_of(verify)}
        page = f"{API}/auth/verify?key={link_token(verify)}&action=email-confirm"
        await client.get(page)
        landed = await client.post(page, data={"key": link_token(verify), "do": "go"})
        secrets["access token"] = landed.headers["location"].partition("access_token=")[2].partition("&")[0]
        grant = await client.get(f"{API}/auth/grant?key={secrets['access token']}")
        secrets["session by grant"] = grant.json()["session"]["token"]
        opened = await post("auth/signin-email", {"email": ADA, "password": OLD})
        secrets["session"] = opened.json()["session"]["token"]
        await post("auth/signin-email", {"email": ADA, "password": WRONG})
        await client.get(f"{API}/auth/sessions", headers={"Session": secrets["session"]})
        await client.get(f"{API}/auth/user?key={secrets['session']}", headers={"Session": secrets["session"] + "x"})
        world.clock.tick(61_000)
        await post(f"auth/send-magic?email={ADA}")
        magic = await world.mail(MessageKind.MAGIC_LINK)
        secrets |= {"magic link": link_token(magic), "magic code": code_of(magic)}
        confirmed = await world.house.links.confirm_code(world.app, Purpose.MAGIC_LINK, ADA, code_of(magic), ORIGIN)
        assert confirmed.token is not None
        secrets["unused access token"] = confirmed.token.reveal()
        await post(f"auth/send-reset?email={ADA}")
        reset = await world.mail(MessageKind.RESET)
        secrets |= {"reset link": link_token(reset), "reset code": code_of(reset)}
        confirmed = await world.house.links.confirm(world.app, link_token(reset), ORIGIN)
        assert confirmed.token is not None
        secrets["reset token"] = confirmed.token.reveal()
        await post(f"auth/reset-pwd?key={secrets['reset token']}", {"newPassword": "x"})
        await post(f"auth/reset-pwd?key={secrets['reset token']}", {"newPassword": NEW})
        opened = await post("auth/signin-email", {"email": ADA, "password": NEW})
        session = secrets["last session"] = opened.json()["session"]["token"]
        await post("auth/change-pwd", {"oldPassword": NEW, "newPassword": NEWER}, Session=session)
        await post("auth/change-email", {"newEmail": "ada@new.test", "currentPassword": NEWER}, Session=session)
        await world.house.links.send(world.app, Purpose.MAGIC_LINK, "eve@acme.test", ORIGIN)
        operator = await world.house.operators.link(await world.house.operators.ensure("op@acme.test", ORIGIN))
        secrets["operator link"] = operator.reveal()
        await client.get(f"http://localhost/operator?key={operator.reveal()}")
        browser = await client.get(f"http://localhost/e:{world.app.id}/sign-in")
        for name, value in browser.cookies.items():
            secrets[f"cookie {name[-6:]}"] = value
        await _faults(world, client, session)
        secrets |= await _signed_tokens(client)
    assert all(secrets.values())
    return secrets


async def _signed_tokens(client) -> dict[str, str]:
    """In, on and out through the door whose tokens are signed; everything right and wrong."""
    given = {"username": ADA, "password": NEWER}
    first = (await client.post("/api/token/", json=given)).json()
    second = (await client.post("/api/token/refresh/", json={"refresh": first["refresh"]})).json()
    sliding = (await client.post("/api/token/sliding/", data=given)).json()["token"]
    await client.post("/api/token/", json={**given, "password": WRONG})
    await client.post("/api/token/", content=f'{{"password": "{WRONG}')
    await client.get(f"/api/profile?token={second['access']}", headers={"Authorization": f"Bearer {second['access']}"})
    await client.get("/api/profile/", headers={"Authorization": f"Bearer {second['access']} x"})
    await client.post("/api/token/verify/", json={"token": [second["access"]]})
    await client.post("/api/token/blacklist/", json={"refresh": second["refresh"]})
    await client.post("/api/token/refresh/", json={"refresh": second["refresh"]})
    return {
        "first refresh token": first["refresh"],
        "signature of a refresh token": second["refresh"].rpartition(".")[2],
        "access token": second["access"],
        "sliding token": sliding,
    }


async def _faults(world: World, client, session: str) -> None:
    """Exceptions with secrets around them."""
    world.hasher.fault = RuntimeError(f"cannot compare {Secret(NEWER)} for {session}")
    await client.post(f"{API}/auth/signin-email?key={session}", json={"email": ADA, "password": NEWER})
    world.hasher.fault = None

    async def failing() -> None:
        raise RuntimeError(f"https://user:{NEWER}@relay/?key={session} {session}")

    stop = asyncio.Event()
    task = asyncio.create_task(run_rounds(Round("broken", failing, 0.01), stop))
    await asyncio.sleep(0)
    stop.set()
    await task


def _places(folder: Path) -> dict[str, bytes]:
    """Every file of the data folder but the key file, which is a secret's home by design."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "master.key"}


async def test_no_secret_is_readable_in_any_file_or_log(world: World, log, tmp_path):
    secrets = await _journey(world)
    assert len(secrets) >= 22
    names = " ".join(str(path) for path in tmp_path.rglob("*"))
    for when in ("running", "closed"):
        places = _places(tmp_path) | {"log": log.getvalue().encode(), "names of files": names.encode()}
        assert {"vestibule.db", "log"} <= places.keys()
        if when == "running":
            assert "vestibule.db-wal" in places
        found = [
            (name, place)
            for name, secret in secrets.items()
            for place, content in places.items()
            if _holds(content, secret)
        ]
        assert found == []
        if when == "running":
            await world.running.store.checkpoint()


def _holds(content: bytes, secret: str) -> bool:
    """Whether a place holds a secret: a code of six digits as a word of its own, anything else as it is."""
    if len(secret) == 6 and secret.isdigit():
        return re.search(rb"(?<![0-9a-fA-F])" + secret.encode() + rb"(?![0-9a-fA-F])", content) is not None
    is_ours = re.match(r"[a-z]{2}_[0-9a-f]{24}_", secret) is not None  # then its random part alone opens things, too
    return secret.encode() in content or (is_ours and secret.split("_", 2)[-1].encode() in content)


async def test_the_search_finds_what_is_there(world: World, log, tmp_path):
    """The net itself: an address in the clear is found in database and log."""
    await _journey(world)
    structlog.get_logger("x").info("seen", what=ADA)
    places = _places(tmp_path)
    assert any(_holds(content, ADA) for name, content in places.items() if name.startswith("vestibule.db"))
    assert _holds(log.getvalue().encode(), ADA)
    assert _holds(b" 123456 ", "123456")
    assert "refused" in log.getvalue()
    assert "fault" in log.getvalue()


async def test_the_log_has_no_personal_data_of_a_request(world: World, log):
    async with world.client() as client:
        await client.post(f"{API}/auth/signin-email", json={"email": ADA, "password": WRONG})
        await client.post(f"{API}/auth/send-magic?email={ADA}")
    assert ADA not in log.getvalue()
