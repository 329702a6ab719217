"""Tells open streams that the feed of their app has moved: one look at the database for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from vestibule.kernel.ids import AppId

log = structlog.get_logger("discovery")

FAILURE_PAUSE = 5
"""After a failure the next look is so much later."""


@dataclass(slots=True)
class Beat:
    """What is known of one app while anybody listens to it."""

    head: int = 0
    is_over: bool = False
    """The server stops."""
    listeners: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seen: int, at_most_s: float) -> None:
        """Until there is more than was seen, the server stops, or the time is over."""
        if self.head > seen or self.is_over:
            return
        try:
            async with asyncio.timeout(at_most_s):
                await self.moved.wait()
        except TimeoutError:
            return

    def ring(self) -> None:
        """Wake everybody who waits now."""
        self.moved.set()
        self.moved = asyncio.Event()


@dataclass(slots=True)
class Pulse:
    """One poller per app, as long as there are streams. Units: seconds."""

    read: Callable[[AppId], Awaitable[int]]
    stopping: asyncio.Event
    """Rings when the server stops: streams would hold it up."""
    every_s: float = 0.2
    _beats: dict[AppId, Beat] = field(default_factory=dict)
    _tasks: dict[AppId, asyncio.Task[None]] = field(default_factory=dict)

    @asynccontextmanager
    async def listening(self, app_id: AppId) -> AsyncIterator[Beat]:
        """The beat of an app, which goes on while the block lasts."""
        beat = self._beats.setdefault(app_id, Beat())
        if app_id not in self._tasks:
            self._tasks[app_id] = asyncio.create_task(self._run(app_id, beat), name=f"pulse {app_id}")
        beat.listeners += 1
        try:
            yield beat
        finally:
            beat.listeners -= 1
            if beat.listeners == 0:
                del self._beats[app_id]
                self._tasks.pop(app_id).cancel()

    async def _run(self, app_id: AppId, beat: Beat) -> None:
        while not self.stopping.is_set():
            pause_s = self.every_s
            try:
                head = await self.read(app_id)
            except Exception:
                log.exception("pulse_failed", app_id=app_id)
                pause_s *= FAILURE_PAUSE
            else:
                if head > beat.head:
                    beat.head = head
                    beat.ring()
            try:
                async with asyncio.timeout(pause_s):
                    await self.stopping.wait()
            except TimeoutError:
                continue
        beat.is_over = True
        beat.ring()
