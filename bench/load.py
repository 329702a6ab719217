"""A client as small as possible, so that what is measured is the server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 4
USERNAME, PASSWORD = "grace", "correct-horse-7-battery"

Visitor = Callable[[bytes], bytes]
"""Somebody with a connection: the next request, given the body of the last answer (empty at first)."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


class Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, url: str) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", urlsplit(url).port))

    async def ask(self, request: bytes) -> Reply:
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        return Reply(int(head[9:12]), await self._reader.readexactly(length))

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def request(url: str, headers: dict[str, str] | None = None, body: object = None) -> bytes:
    """A whole request: POST with a JSON body, else GET."""
    parts, sent = urlsplit(url), b"" if body is None else json.dumps(body).encode()
    lines = [f"{'GET' if body is None else 'POST'} {parts.path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
    return "\r\n".join([*lines, "", ""]).encode() + sent


def same(asked: bytes) -> list[Visitor]:
    """Visitors who ask the same again and again, one for each connection."""
    return [lambda _: asked] * CONNECTIONS


async def rate(url: str, visitors: Sequence[Visitor], seconds: float) -> float:
    """Answers per second, a connection for each visitor; every answer must be 200 and is read by its visitor."""
    began, count = time.perf_counter(), 0

    async def visit(visitor: Visitor) -> None:
        nonlocal count
        connection = await Connection.open(url)
        asked = visitor(b"")
        while time.perf_counter() < began + seconds:
            reply = await connection.ask(asked)
            assert reply.status == 200, reply
            asked = visitor(reply.body)
            count += 1
        await connection.close()

    await asyncio.gather(*map(visit, visitors))
    return count / (time.perf_counter() - began)
