"""The revocation feed on the wire: asked for again and again, or as a stream of server-sent events."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from vestibule.core.apps.model import App, AppKey, KeyKind
from vestibule.core.house import House
from vestibule.core.tokens.revocations import Frame
from vestibule.gate import Call
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.secret import Secret
from vestibule.protocols.discovery.pulse import Pulse

log = structlog.get_logger("discovery")

MEDIA_TYPE = "application/jwt"
STREAM_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept"}
RETRY_MS = 1_000
STREAMS_PER_KEY = 64


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the holder of an API key."""

    app: App
    key: AppKey
    secret: Secret[str]


@dataclass(frozen=True, slots=True)
class Feed:
    """The feeds of all apps. Units: seconds."""

    house: House
    pulse: Pulse
    heartbeat_s: float = 4.0
    """How often a stream says that it is alive: readers are promised every five seconds."""
    open: Counter[str] = field(default_factory=Counter)
    """Streams per key."""

    async def answer(self, call: Call) -> Response:
        """What changed since the reader's cursor.

        Raises: api_key_invalid, app_mismatch, too_many_attempts.
        """
        reader = await self._reader(call.header("authorization"), call.app_id)
        if STREAM_TYPE in call.header("accept").lower():
            return await self._stream(call, reader)
        frame = await self._read(reader, call.query_value("since") or "")
        tag = f'"{frame.tag}"'
        headers = {**HEADERS, "ETag": tag}
        if tag in {each.strip().removeprefix("W/") for each in call.header("if-none-match").split(",")}:
            return Response(status_code=304, headers=headers)
        return Response(await self._signed(reader, frame), media_type=MEDIA_TYPE, headers=headers)

    async def _stream(self, call: Call, reader: Reader) -> Response:
        if self.open[reader.key.id] >= STREAMS_PER_KEY:
            raise refuse(Code.TOO_MANY_ATTEMPTS, "streams", retry_after_s=60)
        since = call.header("last-event-id") or call.query_value("since") or ""
        frame = await self._read(reader, since)
        headers = {**HEADERS, "X-Accel-Buffering": "no"}
        return _Stream(self._events(call, reader, frame), media_type=STREAM_TYPE, headers=headers)

    async def _events(self, call: Call, reader: Reader, frame: Frame) -> AsyncGenerator[str]:
        """One frame at once, then one with every change and every heartbeat, until somebody ends it."""
        key_id = reader.key.id
        if self.open[key_id] >= STREAMS_PER_KEY:
            return
        self.open[key_id] += 1
        try:
            async with self.pulse.listening(reader.app.id) as beat:
                yield f"retry: {RETRY_MS}\n\n"
                while True:
                    yield f"event: revocations\nid: {frame.tag}\ndata: {await self._signed(reader, frame)}\n\n"
                    if not frame.has_more:
                        await beat.wait(frame.cursor, self.heartbeat_s)
                    if beat.is_over:
                        return
                    reader = await self._reader(reader.secret.reveal(), call.app_id)
                    frame = await self._read(reader, frame.tag)
        except DomainError:
            return  # revoked meanwhile, or the database is away: the reader asks again and hears why
        except Exception:
            log.exception("stream_failed", app_id=reader.app.id, request_id=call.request_id)
        finally:
            self.open[key_id] -= 1
            if not self.open[key_id]:
                del self.open[key_id]

    async def _reader(self, header: str, app_id: str) -> Reader:
        scheme, _, rest = header.partition(" ")
        text = rest.strip() if scheme.lower() == "bearer" else header.strip()
        app, key = await self.house.apps.check_key(text, KeyKind.API)
        if app_id and app_id != app.id:
            raise refuse(Code.APP_MISMATCH)
        return Reader(app, key, Secret(text))

    async def _read(self, reader: Reader, since: str) -> Frame:
        return await self.house.revocations.read(reader.app, since)

    async def _signed(self, reader: Reader, frame: Frame) -> str:
        return await self.house.revocations.sign(reader.app, frame, reader.secret)


class _Stream(StreamingResponse):
    """Whatever ends the answer ends what feeds it, at once and not when memory is cleaned up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.body_iterator):  # type: ignore[type-var]  # what was given above is a generator
            await super().__call__(scope, receive, send)
