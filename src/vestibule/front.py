"""The front of the house: finds the app in the path, the door behind the prefix, and answers every failure."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from vestibule.gate import Call, Door, Gate
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import DomainError
from vestibule.kernel.ids import is_id

log = structlog.get_logger("front")

Loader = Callable[[], Awaitable[Door]]


@dataclass(frozen=True, slots=True)
class Prefix:
    """Paths that one door answers."""

    path: str
    door: str
    purpose: str
    inside: str = ""
    """The prefix of another door that this one is cut out of, on purpose."""


@dataclass(slots=True)
class Front:
    """The ASGI application."""

    prefixes: tuple[Prefix, ...]
    rest: str
    """Name of the door that answers everything else."""
    loaders: Mapping[str, Loader]
    gate: Gate
    entropy: Entropy
    base_url: str
    allowed_hosts: frozenset[str] | None
    """Development answers to these hosts (and localhost) only, against DNS rebinding; None: any."""
    lifespan: Callable[[Receive, Send], Awaitable[None]]
    faulty: frozenset[str] = frozenset()
    """Paths that fail on purpose, so that a client's handling of a 500 can be seen; development only."""
    _doors: dict[str, Door] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            response = await self._answer(Request(scope, receive))
            if scope["method"] == "HEAD":
                response = Response(status_code=response.status_code, headers=dict(response.headers))
            await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        request_id = self.entropy.token_bytes(8).hex()
        if not self._is_our_host(request.headers.get("host", "")):
            return PlainTextResponse("This host is not served here. Start with --host to add it.\n", 421)
        app_id, path = split_path(request.scope["path"])
        name = door_of(path, self.prefixes) or self.rest
        call = Call(request, self.gate, path, app_id, request_id)
        response = await self._through(name, call)
        response.headers["X-Request-Id"] = request_id
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers["Server"] = "vestibule"
        if self.base_url.startswith("https://"):
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return response

    async def _through(self, name: str, call: Call) -> Response:
        door = self._doors.get(name)
        try:
            if door is None:
                door = self._doors[name] = await self.loaders[name]()
            if call.path in self.faulty:
                raise RuntimeError("this path was asked to fail")
            return await door.answer(call)
        except DomainError as error:
            log.info("refused", door=name, code=error.code.value, reason=error.reason, request_id=call.request_id)
            return await _failed(door, call, error)
        except Exception as error:
            log.exception("fault", door=name, path=call.path, request_id=call.request_id)
            return await _failed(door, call, error)

    def _is_our_host(self, header: str) -> bool:
        if self.allowed_hosts is None:
            return True
        host = _host_of(header)
        return host in self.allowed_hosts or host == "localhost" or host.endswith(".localhost") or _is_loopback(host)


async def _failed(door: Door | None, call: Call, error: Exception) -> Response:
    # The traceback holds the frames that hold the error: a circle that would keep the connection open until the
    # next garbage collection. It is in the log already.
    error.__traceback__ = None
    if door is None:
        return PlainTextResponse(f"Something is broken here. It is in the log as {call.request_id}.\n", 500)
    return await door.failed(call, error)


def split_path(path: str) -> tuple[str, str]:
    """The app of `/e:{envId}/…` and the path below it; an id that is none is kept, for the door to refuse."""
    if not path.startswith(("/e:", "/E:")):
        return "", path
    app_id, _, rest = path[3:].partition("/")
    return (app_id if is_id(app_id) else "unknown"), f"/{rest}"


def door_of(path: str, prefixes: tuple[Prefix, ...]) -> str | None:
    """The door of the longest prefix that holds the path."""
    holding = [prefix for prefix in prefixes if path == prefix.path or path.startswith(f"{prefix.path}/")]
    return max(holding, key=lambda prefix: len(prefix.path)).door if holding else None


def _host_of(header: str) -> str:
    """The host of a Host header without its port; empty when there is none to be found."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
