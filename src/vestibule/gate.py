"""The gate: what every door does with a request before it knows what it is about.

Bytes, limits, address, request id -> `Call`; nothing here knows a business word.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.origin import AGENT_LIMIT_BYTES, Agent, Origin

# Source: RFC 2046 section 5.1.1; quoted, or bare.
_BOUNDARY = re.compile(
    r"""boundary=(?:"([0-9A-Za-z'()+_,./:=? -]{1,70})"|([0-9A-Za-z'()+_,./:=?-]{1,70})(?:[;\s]|$))""", re.IGNORECASE
)
_WITH_PORT = re.compile(r"\[([^]]+)\](?::\d+)?|([^:]+):\d+")
DRAIN_BYTES = 64 * 1024 * 1024
"""How much of a refused body is read and thrown away, so that a client that is still sending gets the answer."""


class Door(Protocol):
    """One protocol: answers every request below its prefix, errors and faults included."""

    async def answer(self, call: Call) -> Response:
        """The answer. May raise DomainError or anything else."""
        ...

    async def failed(self, call: Call, error: Exception) -> Response:
        """The answer to an exception, in this protocol's shape."""
        ...


class AgentParser(Protocol):
    """Parses user agents."""

    async def parse(self, user_agent: str) -> Agent:
        """Browser, device and system of a User-Agent."""
        ...


@dataclass(frozen=True, slots=True)
class Gate:
    """The figures of the gate."""

    agents: AgentParser
    body_idle_s: float = 30.0
    body_max_bytes: int = 1024 * 1024
    proxies: tuple[str, ...] = ()
    proxy_hops: int = 1

    async def origin(self, request: Request, door: str, request_id: str, device_id: str = "") -> Origin:
        """Where a request came from."""
        user_agent = request.headers.get("user-agent", "")[:AGENT_LIMIT_BYTES]
        return Origin(
            address=self.address(request),
            user_agent=user_agent,
            agent=await self.agents.parse(user_agent),
            locale=request.headers.get("accept-language", "")[:64],
            door=door,
            request_id=request_id,
            device_id=device_id,
        )

    def address(self, request: Request) -> str:
        """The client's address: the peer's, or what trusted proxies say of it, hop by hop from the right.

        Never empty: who comes without one (a Unix socket) is counted under one name with all like them.
        """
        address = (request.client.host if request.client else "") or "unknown"
        forwarded = [
            _without_port(part.strip()) for part in ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        ]
        for _ in range(self.proxy_hops):
            if not self._is_proxy(address) or not forwarded or not _is_address(forwarded[-1]):
                break
            address = forwarded.pop()
        return address

    def _is_proxy(self, address: str) -> bool:
        if not self.proxies or not _is_address(address):
            return False
        parsed = ipaddress.ip_address(address)
        return any(parsed in ipaddress.ip_network(network) for network in self.proxies)


@dataclass(slots=True)
class Call:
    """One request on its way through a door."""

    request: Request
    gate: Gate
    path: str
    """The path below the app, decoded once."""
    app_id: str
    """From `/e:{envId}`; empty when the path names no app."""
    request_id: str
    is_read: bool = False
    """Whether the body has come to its end."""

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def query(self) -> str:
        return bytes(self.request.scope["query_string"]).decode(errors="replace")

    def header(self, name: str) -> str:
        """A request header; empty when there is none."""
        return self.request.headers.get(name, "")

    @property
    def media_type(self) -> str:
        """What the body says it is, without parameters: `application/json`."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def multipart_headers(self) -> Headers:
        """What a multipart parser may know of the request: its boundary.

        Never its charset, which would be a codec of the client's choice: some of Python's take minutes.
        """
        match = _BOUNDARY.search(self.header("content-type"))
        boundary = f'; boundary="{match[1] or match[2]}"' if match else ""
        return Headers({"content-type": f"multipart/form-data{boundary}"})

    def query_value(self, name: str) -> str | None:
        """A query parameter, decoded; a raw `+` stays a plus, a blank becomes one: addresses come unencoded."""
        for part in self.query.split("&"):
            key, _, value = part.partition("=")
            if key == name:
                return unquote(value)
        return None

    def query_remainder(self, name: str) -> str | None:
        """Everything after `name=`, for values that clients put into the path as they are."""
        place = f"&{self.query}".find(f"&{name}=")
        return None if place < 0 else unquote(self.query[place + len(name) + 1 :])

    async def body(self, limit_bytes: int) -> bytes:
        """The whole body.

        Raises: body_too_large (before it is held), body_too_slow.
        Units: bytes.
        """
        announced = self.header("content-length")
        if announced.isdigit() and int(announced) > limit_bytes:
            await self._drain(int(announced))
            raise refuse(Code.BODY_TOO_LARGE, max_bytes=limit_bytes)
        pieces: list[bytes] = []
        size = 0
        async for piece in self._pieces():
            size += len(piece)
            if size > limit_bytes:
                await self._drain(DRAIN_BYTES)
                raise refuse(Code.BODY_TOO_LARGE, max_bytes=limit_bytes)
            pieces.append(piece)
        return b"".join(pieces)

    async def discard(self) -> None:
        """Read and forget a body that nobody wants, so that a client that is sending gets its answer."""
        announced = self.header("content-length")
        if announced not in {"", "0"} or self.header("transfer-encoding"):
            await self._drain(DRAIN_BYTES)

    async def _drain(self, announced_bytes: int) -> None:
        left = min(announced_bytes, DRAIN_BYTES)
        async for piece in self._pieces():
            left -= len(piece)
            if left <= 0:
                return

    async def _pieces(self) -> AsyncIterator[bytes]:
        while not self.is_read:
            try:
                async with asyncio.timeout(self.gate.body_idle_s):
                    message = await self.request.receive()
            except TimeoutError as error:
                raise refuse(Code.BODY_TOO_SLOW) from error
            if message["type"] == "http.disconnect":
                raise refuse(Code.BODY_TOO_SLOW, "the client went away")
            self.is_read = not message.get("more_body")
            if message.get("body"):
                yield message["body"]


def _without_port(text: str) -> str:
    """`1.2.3.4:5678`, `[2001:db8::7]:5678` and `[2001:db8::7]` as the address alone; anything else as it is."""
    match = _WITH_PORT.fullmatch(text)
    return match[1] or match[2] if match else text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
