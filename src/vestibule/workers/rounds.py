"""Work that comes round again: a name, a function, a pace, perhaps a bell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger("workers")


@dataclass(frozen=True, slots=True)
class Round:
    """A job that may run twice without harm. Units: seconds."""

    name: str
    work: Callable[[], Awaitable[object]]
    every_s: float
    wake: asyncio.Event | None = None


async def run_rounds(round_: Round, stop: asyncio.Event) -> None:
    """Do it again and again until told to stop; a failure is logged and the next round tries again."""
    bell = round_.wake or asyncio.Event()
    stopping = asyncio.create_task(stop.wait())
    while not stop.is_set():
        bell.clear()
        try:
            await round_.work()
        except Exception:
            log.exception("round_failed", round=round_.name)
        ringing = asyncio.create_task(bell.wait())
        await asyncio.wait({ringing, stopping}, timeout=round_.every_s, return_when=asyncio.FIRST_COMPLETED)
        ringing.cancel()
    stopping.cancel()
