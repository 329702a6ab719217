"""One open connection to the house, answered piece by piece."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.world import World
from vestibule.protocols.discovery.door import DiscoveryDoor
from vestibule.protocols.discovery.feed import Feed


def claims_of(text: str) -> dict[str, Any]:
    """The claims of a JWS, unverified."""
    part = text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@dataclass
class Stream:
    """What came so far."""

    task: asyncio.Task[None]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def piece(self) -> str:
        """The next piece as it stands on the wire."""
        async with asyncio.timeout(5):
            return await self.pieces.get()

    async def frame(self) -> dict[str, Any]:
        """The claims of the next event, its id under `id`."""
        lines = dict(line.split(": ", 1) for line in (await self.piece()).strip().split("\n"))
        if "data" not in lines:
            return await self.frame()
        assert lines["event"] == "revocations"
        return {"id": lines["id"], **claims_of(lines["data"])}

    async def over(self) -> None:
        """Wait until the server has ended it."""
        async with asyncio.timeout(5):
            await self.task

    async def leave(self) -> None:
        """The client goes away."""
        self.gone.set()
        await self.over()


@asynccontextmanager
async def streaming(world: World, key: str = "", query: str = "", **headers: str) -> AsyncIterator[Stream]:
    """Open a stream of the app's feed."""
    given = {"host": "localhost", "accept": "text/event-stream", "authorization": key or world.api_key, **headers}
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/e:{world.app.id}/.well-known/revocations",
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
        "client": ("203.0.113.9", 4711),
        "asgi": {"version": "3.0", "spec_version": "2.3"},
    }

    bodies = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if bodies:
            return bodies.pop()
        await stream.gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
            stream.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            stream.began.set()
        elif message["body"]:
            stream.pieces.put_nowait(message["body"].decode())

    async def run() -> None:
        await world.running.asgi(scope, receive, send)  # type: ignore[arg-type]  # plain dictionaries

    stream = Stream(asyncio.create_task(run()))
    try:
        async with asyncio.timeout(5):
            await stream.began.wait()
        yield stream
    finally:
        if not stream.task.done():
            await stream.leave()


async def feed_of(world: World) -> Feed:
    """The one that streams are answered by."""
    async with world.client() as client:
        await client.get("/.well-known/jwks.json")
    front: Any = world.running.asgi
    door: DiscoveryDoor = front._doors["discovery"]
    return door.feed
