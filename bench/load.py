"""A client as small as possible, so that what is measured is the server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 4
USERS = tuple(f"grace{number}" for number in range(CONNECTIONS))
"""A user for each connection."""
PASSWORD = "correct-horse-7-battery"

Visitor = Callable[[bytes], bytes]
"""Somebody with a connection: the next request, given the body of the last answer (empty at first)."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


@dataclass(frozen=True)
class Connection:
    """One kept-alive connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> Reply:
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        return Reply(int(head[9:12]), await self.reader.readexactly(length))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection until the end of the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


def request(url: str, headers: dict[str, str] | None = None, body: object = None) -> bytes:
    """A whole request: POST with a JSON body, else GET."""
    parts, sent = urlsplit(url), b"" if body is None else json.dumps(body).encode()
    lines = [f"{'GET' if body is None else 'POST'} {parts.path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
    return "\r\n".join([*lines, "", ""]).encode() + sent


def always(asked: bytes) -> Visitor:
    """One who asks the same again and again."""
    return lambda _: asked


async def rate(url: str, visitors: Sequence[Visitor], seconds: float) -> float:
    """Answers per second, a connection for each visitor; every answer must be 200 and is read by its visitor."""
    began, count = time.perf_counter(), 0

    async def visit(visitor: Visitor) -> None:
        nonlocal count
        asked = visitor(b"")
        async with connected(url) as connection:
            while time.perf_counter() < began + seconds:
                reply = await connection.ask(asked)
                assert reply.status == 200, reply
                asked = visitor(reply.body)
                count += 1

    await asyncio.gather(*map(visit, visitors))
    return count / (time.perf_counter() - began)
